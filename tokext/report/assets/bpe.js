// The merging that SentencePiece does for BPE models of Llama's kind, token for token.
const bpe = (() => {
  "use strict";
  const SPACE = "\u2581";

  // Candidates for a merge, the one of the lowest rank first, equal ranks from the left.
  class Queue {
    constructor() { this.items = []; }
    static before(a, b) { return a.rank < b.rank || (a.rank === b.rank && a.left < b.left); }
    push(item) {
      const { items } = this;
      let n = items.push(item) - 1;
      for (let up; n && Queue.before(item, items[up = (n - 1) >> 1]); n = up) items[n] = items[up];
      items[n] = item;
    }
    pop() {
      const { items } = this, top = items[0], item = items.pop();
      if (!items.length) return top;
      let n = 0;
      for (let down; (down = 2 * n + 1) < items.length; n = down) {
        if (down + 1 < items.length && Queue.before(items[down + 1], items[down])) down += 1;
        if (!Queue.before(items[down], item)) break;
        items[n] = items[down];
      }
      items[n] = item;
      return top;
    }
  }

  class Vocabulary {
    // pieces: in id order. rules: {prefix, userDefined: [id], runs: [[first id, n, rank, step]]}.
    constructor(pieces, rules) {
      this.pieces = pieces;
      this.prefix = rules.prefix;
      this.ids = new Map();
      this.ranks = new Int32Array(pieces.length);
      for (const [first, n, rank, step] of rules.runs) {
        for (let k = 0; k < n; k++) {
          this.ids.set(pieces[first + k], first + k);
          this.ranks[first + k] = rank + k * step;
        }
      }
      this.bytes = new Map();
      pieces.forEach((piece, id) => { if (/^<0x[0-9A-F]{2}>$/.test(piece)) this.bytes.set(piece, id); });
      this.userDefined = rules.userDefined.map((id) => [pieces[id], id])
        .sort(([a], [b]) => b.length - a.length);
    }

    // The tokens of a text, by the ids below `limit` alone: [{id, piece, text, isByte}].
    cut(text, limit = this.pieces.length) {
      if (!text) return [];
      const symbols = this.split((this.prefix ? SPACE : "") + text.replaceAll(" ", SPACE), limit);
      this.merge(symbols, limit);
      const tokens = [];
      for (const symbol of symbols) if (symbol.piece) tokens.push(...this.tokens(symbol, limit));
      return tokens;
    }

    // Characters, and the user-defined pieces that are matched before anything is merged.
    split(text, limit) {
      const symbols = [];
      const wanted = this.userDefined.filter(([, id]) => id < limit);
      for (let at = 0; at < text.length;) {
        const found = wanted.find(([piece]) => text.startsWith(piece, at));
        let piece = found ? found[0] : String.fromCodePoint(text.codePointAt(at));
        at += piece.length;
        if (piece >= "\ud800" && piece <= "\udfff" && piece.length === 1) piece = "\ufffd";
        const n = symbols.length;
        symbols.push({ piece, id: found ? found[1] : -1, before: n - 1, after: n + 1 });
      }
      if (symbols.length) symbols[symbols.length - 1].after = -1;
      return symbols;
    }

    merge(symbols, limit) {
      const queue = new Queue();
      const consider = (left, right) => {
        if (left < 0 || right < 0 || symbols[left].id >= 0 || symbols[right].id >= 0) return;
        const piece = symbols[left].piece + symbols[right].piece;
        const id = this.ids.get(piece);
        if (id < limit) queue.push({ rank: this.ranks[id], left, right, piece });
      };
      for (let n = 1; n < symbols.length; n++) consider(n - 1, n);
      while (queue.items.length) {
        const { left, right, piece } = queue.pop();
        const one = symbols[left], other = symbols[right];
        // What was merged meanwhile is no longer there to merge.
        if (!one.piece || !other.piece || one.piece.length + other.piece.length !== piece.length) continue;
        one.piece = piece;
        one.after = other.after;
        if (other.after >= 0) symbols[other.after].before = left;
        other.piece = "";
        consider(one.before, left);
        consider(left, one.after);
      }
    }

    tokens({ piece, id }, limit) {
      const known = id >= 0 ? id : this.ids.get(piece);
      const text = piece.replaceAll(SPACE, " ");
      if (known < limit) return [{ id: known, piece, text, isByte: false }];
      return [...new TextEncoder().encode(piece)].map((byte, n) => {
        const name = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
        return { id: this.bytes.get(name), piece: name, text: n ? "" : text, isByte: true };
      });
    }
  }

  // A vocabulary as the page holds it: pieces a line each, deflated, in base64.
  const open = async (packed) => {
    const data = Uint8Array.from(atob(packed.pieces), (c) => c.charCodeAt(0));
    const lines = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await inflate(data)).split("\n");
    const unescaped = (piece) => piece.replace(/\\(.)/g, (_, c) => c === "n" ? "\n" : c);
    return new Vocabulary(lines.map((l) => l.includes("\\") ? unescaped(l) : l), packed);
  };

  return { Vocabulary, open };
})();
