// Unpacks raw DEFLATE data (RFC 1951): with the browser's own means, else with the few lines below.
const inflate = (() => {
  "use strict";
  const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83,
    99, 115, 131, 163, 195, 227, 258];
  const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5,
    5, 5, 0];
  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

  // A canonical Huffman code as how many codes there are of each length, and their symbols in order.
  const code = (lengths) => {
    const counts = new Uint16Array(16), starts = new Uint16Array(17);
    for (const n of lengths) counts[n] += 1;
    counts[0] = 0;
    for (let n = 0; n < 16; n++) starts[n + 1] = starts[n] + counts[n];
    const symbols = new Uint16Array(lengths.length);
    lengths.forEach((n, symbol) => { if (n) symbols[starts[n]++] = symbol; });
    return { counts, symbols };
  };

  const unpack = (data) => {
    let at = 0, held = 0, n_held = 0, out = new Uint8Array(data.length * 4), size = 0;
    const bits = (n) => {
      while (n_held < n) { held |= data[at++] << n_held; n_held += 8; }
      const value = held & ((1 << n) - 1);
      held >>>= n; n_held -= n;
      return value;
    };
    const symbol = ({ counts, symbols }) => {
      for (let value = 0, first = 0, index = 0, n = 1; n < 16; n++) {
        value |= bits(1);
        if (value - first < counts[n]) return symbols[index + value - first];
        index += counts[n];
        first = (first + counts[n]) << 1;
        value <<= 1;
      }
      throw new Error("damaged data");
    };
    const put = (byte) => {
      if (size === out.length) { const more = new Uint8Array(size * 2); more.set(out); out = more; }
      out[size++] = byte;
    };
    const fixed = () => [code([...Array(288)].map((_, n) => n < 144 ? 8 : n < 256 ? 9 : n < 280 ? 7 : 8)),
      code(Array(30).fill(5))];
    const dynamic = () => {
      const n_literals = bits(5) + 257, n_distances = bits(5) + 1, n_lengths = bits(4) + 4;
      const first = Array(19).fill(0);
      for (let n = 0; n < n_lengths; n++) first[ORDER[n]] = bits(3);
      const of = code(first), lengths = [];
      while (lengths.length < n_literals + n_distances) {
        const found = symbol(of);
        if (found < 16) { lengths.push(found); continue; }
        const value = found === 16 ? lengths[lengths.length - 1] : 0;
        const times = found === 16 ? 3 + bits(2) : found === 17 ? 3 + bits(3) : 11 + bits(7);
        for (let n = 0; n < times; n++) lengths.push(value);
      }
      return [code(lengths.slice(0, n_literals)), code(lengths.slice(n_literals))];
    };
    for (let last = 0; !last;) {
      last = bits(1);
      const kind = bits(2);
      if (kind === 0) {
        held = n_held = 0;
        const end = at + 4 + (data[at] | data[at + 1] << 8);
        for (at += 4; at < end;) put(data[at++]);
        continue;
      }
      const [literals, distances] = kind === 1 ? fixed() : dynamic();
      for (let found; (found = symbol(literals)) !== 256;) {
        if (found < 256) { put(found); continue; }
        let length = LENGTHS[found - 257] + bits(LENGTH_BITS[found - 257]);
        const step = symbol(distances), more = Math.max(0, (step >> 1) - 1);
        const back = (step < 2 ? step : (2 + (step & 1)) << more) + 1 + bits(more);
        while (length--) put(out[size - back]);
      }
    }
    return out.subarray(0, size);
  };

  const inflate = async (data) => {
    let stream;
    try { stream = new DecompressionStream("deflate-raw"); } catch { return unpack(data); }
    const unpacked = new Blob([data]).stream().pipeThrough(stream);
    return new Uint8Array(await new Response(unpacked).arrayBuffer());
  };
  inflate.alone = unpack;
  return inflate;
})();
