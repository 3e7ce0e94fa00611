// What a model's Markdown has beyond CommonMark, as rules of markdown-it.
//
// Formulas keep their marks, <br> breaks a line, a bare address is a link, a task has its
// box, ** works beside Chinese, Japanese and Korean signs; depth and width are bounded.
// live/markdown.py holds the same rules for the saved notebook, and tests hold them equal.

const DEEPEST = 24; // quotes, or lists twice: what is deeper is text
const WIDEST = 50; // columns of a table
const MOST_MARKS = 1000; // * _ ~ in a block that may belong together
const FARTHEST = 2000; // characters from the start of a formula to its end
const TALLEST = 40; // lines of a formula

/** Teach a parser all of it. */
export function teach(md) {
  md.set({ maxNesting: DEEPEST + 6 });
  md.validateLink = (address) => /^(https?|mailto):/i.test(address);
  md.inline.State.prototype.scanDelims = scanDelims;
  const [table] = md.block.ruler.getRules("");
  const narrow = (state, line, ...rest) => isNarrow(state, line) && table(state, line, ...rest);
  md.block.ruler.at("table", narrow, { alt: ["paragraph"] });
  md.block.ruler.before("table", "thin_row", isThinRow, { alt: ["blockquote"] });
  md.block.ruler.before("table", "deep", readDeep);
  const alt = ["paragraph", "blockquote", "list"];
  md.block.ruler.before("table", "formula", readFormulaBlock, { alt });
  md.inline.ruler.before("escape", "formula", readFormula);
  md.inline.ruler.before("linkify", "address", readAddress);
  md.inline.ruler.before("autolink", "line_break", readLineBreak);
  md.core.ruler.push("task", (state) => state.tokens.forEach(markTask));
  md.core.ruler.push("shallow", (state) => state.tokens.forEach(flatten));
}

// ---------------------------------------------------------------- blocks

const lineOf = (state, line) =>
  state.src.slice(state.bMarks[line] + state.tShift[line], state.eMarks[line]);

const pipesOf = (state, line) => lineOf(state, line).split("|").length - 1;

function isNarrow(state, line) {
  if (line + 1 >= state.lineMax || !/^[-:|]/.test(lineOf(state, line + 1))) return false;
  state.columns = pipesOf(state, line + 1);
  return state.columns <= WIDEST + 1;
}

/** A row with hardly a cell ends the table: nobody writes it, and filled up it is wide. */
function isThinRow(state, line, end, silent) {
  if (!silent || state.parentType !== "table") return false;
  return Math.max(1, pipesOf(state, line)) * 4 < state.columns - 1;
}

/** So deep inside of quotes and lists everything is one plain paragraph. */
function readDeep(state, start, end) {
  if (state.level < DEEPEST) return false;
  let next = start + 1;
  while (next < end && !state.isEmpty(next)) next += 1;
  pushParagraph(state, start, next);
  return true;
}

function pushParagraph(state, start, end) {
  state.line = end;
  const opening = state.push("paragraph_open", "p", 1);
  opening.map = [start, end];
  const inline = state.push("inline", "", 0);
  inline.content = state.getLines(start, end, state.blkIndent, false).trim();
  inline.map = [start, end];
  inline.children = [];
  state.push("paragraph_close", "p", -1);
  return opening;
}

const CLOSING = { $$: "$$", "\\[": "\\]" };

/** A formula of its own lines; no list or heading starts inside of it. */
function readFormulaBlock(state, start, end, silent) {
  const closing = CLOSING[lineOf(state, start).slice(0, 2)];
  if (!closing) return false;
  const next = formulaEnd(state, start, end, closing);
  if (next && !silent) pushParagraph(state, start, Math.abs(next)).meta = { unsure: next < 0 };
  return next !== 0;
}

/** The line after a formula; 0 if it has no end; below zero if that may still come. */
function formulaEnd(state, start, end, closing) {
  let line = start;
  for (; line < Math.min(end, start + TALLEST) && !state.isEmpty(line); line += 1) {
    if (line > start && state.sCount[line] < state.blkIndent) return 0;
    const text = lineOf(state, line).slice(line === start ? 2 : 0);
    if (text.trimEnd().endsWith(closing)) return mayGrow(state, line) ? -line - 1 : line + 1;
    if (text.includes(closing)) return 0;
  }
  return state.env.growing && line === end ? -line : 0;
}

const mayGrow = (state, line) =>
  state.env.growing && line + 1 === state.lineMax && !state.src.endsWith("\n");

// ---------------------------------------------------------------- inside a block

function readFormula(state, silent) {
  if (!"\\$".includes(state.src[state.pos])) return false;
  const end = formulaTo(state.src, state.pos, state.posMax, state.env.open === state.tokens);
  if (end < 0) return false;
  if (!silent) state.push("text", "", 0).content = state.src.slice(state.pos, end);
  state.pos = end;
  return true;
}

/** Where the formula that starts here ends; -1 if none does. */
function formulaTo(text, at, max, open) {
  const mark = text.slice(at, at + 2);
  if (mark === "\\(" || mark === "\\[" || mark === "$$") {
    const closing = mark === "$$" ? "$$" : mark === "\\(" ? "\\)" : "\\]";
    const found = text.slice(at + 2, Math.min(max, at + FARTHEST)).indexOf(closing);
    if (found > 0) return at + found + 4;
    return open && found < 0 && max - at < FARTHEST ? max : -1;
  }
  return mark[0] === "$" ? dollarTo(text, at, Math.min(max, at + FARTHEST)) : -1;
}

/** Pandoc's rule: no blank inside of either $, no digit after. "$5 to $10" is none. */
function dollarTo(text, at, max) {
  let end = at;
  do end = text.indexOf("$", end + 1);
  while (end > 0 && end < max && text[end - 1] === "\\");
  if (end < 0 || end >= max || end === at + 1) return -1;
  const inside = text.slice(at + 1, end);
  const tight = !/^\s|\s$|`/.test(inside);
  return tight && !/\d/.test(text[end + 1] ?? "") ? end + 1 : -1;
}

function readLineBreak(state, silent) {
  const found = /^<br[ \t]*\/?>/i.exec(state.src.slice(state.pos, state.pos + 20));
  if (!found) return false;
  if (!silent) state.push("hardbreak", "br", 0);
  state.pos += found[0].length;
  return true;
}

const SCHEME = /(?:^|[^a-z\d_])(https?)$/i;
const ADDRESS = /:\/\/(?=[\p{L}\p{N}])(?:[^\s<>"()\\`*\u3000-\u303f\uff00-\uffef]|\([^\s<>"()\\`*]*\))+/uy;

/** http://… without any marks. Signs at its end belong to the sentence. */
function readAddress(state, silent) {
  if (state.src[state.pos] !== ":" || state.linkLevel > 0) return false;
  const scheme = SCHEME.exec(state.pending.slice(-6))?.[1];
  ADDRESS.lastIndex = state.pos;
  const rest = scheme && ADDRESS.exec(state.src.slice(0, state.posMax))?.[0].replace(/[?!.,:;_~'\]]+$/, "");
  if (!rest) return false;
  const address = state.md.normalizeLink(scheme + rest);
  if (!state.md.validateLink(address)) return false;
  if (!silent) {
    state.pending = state.pending.slice(0, -scheme.length);
    state.push("link_open", "a", 1).attrs = [["href", address]];
    state.push("text", "", 0).content = scheme + rest;
    state.push("link_close", "a", -1);
  }
  state.pos += rest.length;
  return true;
}

const SPACE = /^[\s\u3000]$/;
const SIGN = /^[\p{P}\p{S}]$/u;
const CJK =
  /^[\u1100-\u11ff\u2e80-\u303f\u3040-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\u{20000}-\u{3ffff}]$/u;

/** CommonMark's rule, with one addition: a sign next to a CJK character is no bar. */
function scanDelims(start, canSplitWord) {
  let end = start;
  while (end < this.posMax && this.src[end] === this.src[start]) end += 1;
  const before = [...this.src.slice(Math.max(0, start - 2), start)].at(-1) ?? " ";
  const after = end < this.posMax ? String.fromCodePoint(this.src.codePointAt(end)) : " ";
  const [signBefore, signAfter] = [SIGN.test(before), SIGN.test(after)];
  const [free, freeAfter] = [before, after].map((c) => SPACE.test(c) || SIGN.test(c) || CJK.test(c));
  const few = this.delimiters.length < MOST_MARKS;
  const left = few && !SPACE.test(after) && (!signAfter || free);
  const right = few && !SPACE.test(before) && (!signBefore || freeAfter);
  return {
    can_open: left && (canSplitWord || !right || signBefore),
    can_close: right && (canSplitWord || !left || signAfter),
    length: end - start,
  };
}

// ---------------------------------------------------------------- afterwards

const BOX = /^\[([ xX])\](?=\s)/;

/** "- [x] done": a box in place of the brackets and the bullet. */
function markTask(token, number, tokens) {
  const item = tokens[number - 2];
  const [first] = token.children ?? [];
  if (item?.type !== "list_item_open" || first?.type !== "text") return;
  const box = BOX.exec(first.content);
  if (!box) return;
  first.content = (box[1] === " " ? "☐" : "☑") + first.content.slice(3);
  item.attrSet("style", "list-style:none");
}

/** Marks nested deeper than anybody means are left out. */
function flatten(token) {
  let depth = 0;
  token.children = token.children?.filter((child) => {
    const level = child.nesting < 0 ? depth : depth + child.nesting;
    depth += child.nesting;
    return child.nesting === 0 ? child.content || child.type !== "text" : level <= DEEPEST;
  }) ?? null;
}
