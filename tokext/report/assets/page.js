(() => {
  "use strict";
  const root = document.documentElement;

  // The theme: the system's until the button is pressed. #dark and #light in the address force one.
  const hash = location.hash.slice(1);
  if (hash === "dark" || hash === "light") root.dataset.theme = hash;
  const button = document.querySelector(".theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  // Ids under the tokens, for touch and for print.
  for (const label of document.querySelectorAll(".ids")) {
    label.hidden = false;
    label.firstElementChild.addEventListener("change", (event) => {
      label.closest(".sample").classList.toggle("show-ids", event.target.checked);
    });
  }

  // The token under the pointer or the finger. Without scripts the title attribute does it.
  const tip = document.getElementById("tip");
  let shown = null;
  for (const token of document.querySelectorAll(".t")) {
    token.dataset.tip = token.title;
    token.removeAttribute("title");
  }
  const show = (token) => {
    if (shown) shown.classList.remove("on");
    shown = token;
    tip.hidden = !token;
    if (!token) return;
    token.classList.add("on");
    tip.textContent = token.dataset.tip;
    const box = token.getBoundingClientRect();
    const left = Math.min(box.left, innerWidth - tip.offsetWidth - 8);
    const above = box.top - tip.offsetHeight - 6;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${above > 0 ? above : box.bottom + 6}px`;
  };
  for (const kind of ["pointerover", "click"]) {
    document.addEventListener(kind, (event) => show(event.target.closest(".t")));
  }
  document.addEventListener("scroll", () => show(null), { passive: true });
  document.addEventListener("keydown", (event) => event.key === "Escape" && show(null));

  // Paper shows everything that the screen folds.
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
})();
