// While a text grows, what is half typed at its end is healed: **bo is bold already, a
// half link shows its words, a mark alone waits for its word. These are rules of
// markdown-it that work only where `env.open` says so, each by a look at the end.

const HALF_LINE =
  /^[\s>]*(?:[-+*=|]|-{2,}|={2,}|#{1,6}|`{1,2}|~{1,2}|\d{1,9}[.)]?|[-*_]{2,}|[-+*]\s+\[[ xX]?\]?)?[ \t]*$/;
const ROW = /^[ \t]*\|[ \t]*[^|\s]/;
const FENCE = /^[ \t]*(?:```|~~~)/;
const HALF_TAG = /^<(?:b|br|br[ \t]*\/?)?$/i;
const HALF_TARGET = /^\](?:\([^)\n]*)?$/;

/** Teach a parser to heal. */
export function teachHealing(md) {
  md.core.ruler.before("inline", "open", noteOpen);
  const before = (name, rule) => md.inline.ruler.before(name, `half_${name}`, whenOpen(rule));
  before("escape", healEscape);
  before("backticks", healCode);
  before("strikethrough", healMark);
  before("link", healTarget);
  md.inline.ruler.after("image", "half_link", whenOpen(healLink));
  before("autolink", healTag);
  md.inline.ruler2.after("balance_pairs", "half_pairs", healPairs);
}

/**
 * The text without a last line that is only a mark so far, for who knows what it starts;
 * and with the second line of a table that has only its first.
 * @returns {{text: string, unsure: boolean}}  unsure: the last block may vanish again.
 */
export function healLines(text) {
  const at = text.lastIndexOf("\n") + 1;
  const start = halfTable(text);
  if (start >= 0) return { text: withSecondLine(text, start), unsure: true };
  return { text: HALF_LINE.test(text.slice(at)) ? text.slice(0, at) : text, unsure: false };
}

/** Where a table starts that is only its first line, and perhaps half of its second. */
function halfTable(text) {
  const lines = text.split("\n");
  if (/^[ \t|:-]*$/.test(lines.at(-1)) && ROW.test(lines.at(-2))) lines.pop();
  const isFirst = ROW.test(lines.at(-1)) && !ROW.test(lines.at(-2));
  if (!isFirst || lines.filter((line) => FENCE.test(line)).length % 2) return -1;
  return lines.join("\n").length - lines.at(-1).length;
}

function withSecondLine(text, start) {
  const head = text.slice(start).split("\n")[0];
  const cells = head.replace(/\\\|/g, "").replace(/^[ \t]*\||\|[ \t]*$/g, "").split("|");
  return `${text.slice(0, start)}${head}\n${"|-".repeat(cells.length)}|\n`;
}

/** Note which block a text that grows ends in: only there something can be half typed. */
function noteOpen(state) {
  if (!state.env.growing || /(^|\n)[ \t]*$/.test(state.src)) return;
  const last = state.tokens.findLast((token) => token.nesting === 0 && (token.content || token.type !== "inline"));
  if (last?.type === "inline") state.env.open = last.children;
}

const whenOpen = (rule) => (state, silent) =>
  state.env.open === state.tokens && state.posMax === state.src.length && rule(state, silent);

/** Leave out the rest. */
function drop(state) {
  state.pos = state.posMax;
  return true;
}

const isLast = (state) => state.pos === state.posMax - 1;
const healEscape = (state) => state.src[state.pos] === "\\" && isLast(state) && drop(state);
const healTag = (state) =>
  state.src[state.pos] === "<" && HALF_TAG.test(state.src.slice(state.pos, state.pos + 9)) &&
  state.posMax - state.pos < 9 && drop(state);

function runEnd(text, at) {
  let end = at;
  while (text[end] === text[at]) end += 1;
  return end;
}

function healCode(state, silent) {
  const { src, pos } = state;
  if (src[pos] !== "`") return false;
  const start = runEnd(src, pos);
  for (let end = start; (end = src.indexOf("`", end)) >= 0; end = runEnd(src, end)) {
    if (runEnd(src, end) - end === start - pos) return false;
  }
  if (start < src.length && !silent) {
    state.push("code_inline", "code", 0).content = src.slice(start).replace(/`+$/, "").replaceAll("\n", " ");
  }
  return drop(state);
}

function healMark(state) {
  const mark = state.src[state.pos];
  if (!"*_~".includes(mark) || runEnd(state.src, state.pos) < state.posMax) return false;
  const { can_close: closes, length } = state.scanDelims(state.pos, mark !== "_");
  return (!closes || (mark === "~" && length < 2)) && drop(state);
}

/** The last [ of a text may start a link: its words are shown without it. */
function healLink(state) {
  const { src, pos } = state;
  const start = src.startsWith("![", pos) ? pos + 2 : pos + 1;
  if (src[start - 1] !== "[" || src.lastIndexOf("[") !== start - 1) return false;
  if (!isHalfLink(src.slice(start))) return false;
  if (start === pos + 2) state.pending += "image: ";
  state.halfLink = true;
  state.pos = start;
  return true;
}

function isHalfLink(rest) {
  const end = rest.indexOf("]");
  const label = end < 0 ? rest : rest.slice(0, end);
  if (/^[\s\d]|\n/.test(label) || label.length > 300) return false;
  if (/^[^(]*\)/.test(label)) return false; // a half-open interval: [0, 10)
  return end < 0 || HALF_TARGET.test(rest.slice(end));
}

function healTarget(state) {
  return state.halfLink && state.src[state.pos] === "]" && drop(state);
}

/** Marks without a partner get one at the end, if they stand in the last line. */
function healPairs(state) {
  if (state.env.open !== state.tokens) return;
  const { delimiters, tokens } = state;
  const enclosed = enclosedOnes(delimiters);
  const lineStart = tokens.findLastIndex(isLineEnd);
  for (let at = delimiters.length - 1; at >= 0; at -= 1) {
    const opener = delimiters[at];
    if (opener.end >= 0 || !opener.open || enclosed.has(at)) continue;
    if (opener.token < lineStart) return;
    opener.end = delimiters.length;
    const token = state.push("text", "", 0);
    token.content = tokens[opener.token].content;
    delimiters.push({ ...opener, token: tokens.length - 1, end: -1, open: false, close: true });
  }
}

const isLineEnd = (token) => token.type === "softbreak" || token.type === "hardbreak";

/** Delimiters between two that belong together: a partner outside would cross them. */
function enclosedOnes(delimiters) {
  const found = new Set();
  let reach = -1;
  for (const [at, { end }] of delimiters.entries()) {
    if (at < reach) found.add(at);
    reach = Math.max(reach, end);
  }
  return found;
}
