// The text box: what is in it, cut before and after the merge, as it is typed.
(() => {
  "use strict";
  const MOST_DRAWN = 3000;
  const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]|(?![ \u3000])\p{Zs}/u;
  const number = new Intl.NumberFormat("en-US");

  const element = (tag, kind, text) => {
    const made = document.createElement(tag);
    if (kind) made.className = kind;
    if (text) made.textContent = text;
    return made;
  };
  const codePoint = (c) => `U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

  // Every character so that it can be seen: spaces as dots, controls by number.
  const characters = (text) => [...text].map((c) => {
    if (c === " ") return element("i", "sp", "·");
    return INVISIBLE.test(c) ? element("i", "ctl", codePoint(c)) : document.createTextNode(c);
  });

  const box = (token, n, baseSize, byteWord) => {
    const kinds = ["t", token.isByte ? "byte" : `c${n % 4}`];
    if (token.id >= baseSize) kinds.push("added");
    const made = element("bdi", kinds.join(" "));
    made.dataset.id = token.id;
    made.dataset.tip = `${number.format(token.id)} · ${token.isByte ? `${byteWord} ` : ""}${token.piece}`;
    if (token.isByte) made.textContent = token.piece.slice(3, 5);
    else made.append(...characters(token.text));
    return made;
  };

  const draw = (side, tokens, n_chars, root, baseSize) => {
    const fields = {
      n_tokens: number.format(tokens.length),
      ratio: (tokens.length ? n_chars / tokens.length : 0).toFixed(2),
      n_bytes: number.format(tokens.filter((token) => token.isByte).length),
    };
    side.querySelector(".count").textContent =
      root.dataset.count.replace(/\{(\w+)\}/g, (_, name) => fields[name]);
    const drawn = document.createDocumentFragment();
    tokens.slice(0, MOST_DRAWN).forEach((token, n) => {
      drawn.append(box(token, n, baseSize, root.dataset.byte));
      const ends = token.isByte ? token.piece === "<0x0A>" : token.text.includes("\n");
      if (ends) drawn.append(element("br"));
    });
    if (tokens.length > MOST_DRAWN) drawn.append(" …");
    side.querySelector(".tokens").replaceChildren(drawn);
  };

  const start = async (root) => {
    const packed = JSON.parse(root.querySelector("script").textContent);
    const vocabulary = await bpe.open(packed);
    const [before, after] = root.querySelectorAll(".side");
    const area = root.querySelector("textarea");
    const choice = root.querySelector("select");
    const gain = root.querySelector(".gain");
    const update = () => {
      const text = area.value, n_chars = [...text].length;
      const one = vocabulary.cut(text, packed.baseSize), other = vocabulary.cut(text);
      draw(before, one, n_chars, root, packed.baseSize);
      draw(after, other, n_chars, root, packed.baseSize);
      const times = other.length ? (one.length / other.length).toFixed(2) : "–";
      gain.textContent = root.dataset.gain.replace("{times}", times);
    };
    let waiting = 0;
    area.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(update, 80); });
    const choose = () => { area.value = packed.texts[choice.value]; update(); };
    choice.addEventListener("change", choose);
    choose();
    root.hidden = false;
  };

  for (const root of document.querySelectorAll(".segmenter")) {
    start(root).catch((error) => { root.dataset.error = String(error); });
  }
})();
