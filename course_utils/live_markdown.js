// Markdown as a model writes it, read into a tree. No HTML, so nothing to escape from.
//
// The dialect is CommonMark with tables and ~~strikes~~, without HTML, entities,
// reference links and code by indentation: what markdown-it-py reads for the saved
// notebook (live_html.py), held equal by tests. While a text still grows (`open`), what
// is half typed at its end is healed: a half link shows its words, a half fence nothing.

/**
 * @typedef {{tag: string, attrs: Object<string, string>, children: Tree[]}} Element_
 * @typedef {{tag: "fence", language: string, code: string, children: []}} Fence
 * @typedef {string | Element_ | Fence} Tree
 * @typedef {{node: Tree, from: number, to: number}} Block  Lines from..to are its source.
 */

/** @returns {Element_} */
const element = (tag, children = [], attrs = {}) => ({ tag, attrs, children });

// ---------------------------------------------------------------- blocks

const FENCE = /^\s*(?:(`{3,})([^`]*)|(~{3,})(.*))$/;
const HEADING = /^\s*(#{1,6})(?:[ \t]+(.*))?$/;
const RULE = /^\s*([-*_])[ \t]*(?:\1[ \t]*){2,}$/;
const QUOTE = /^\s*>[ \t]?/;
const ITEM = /^(\s*)([-+*]|\d{1,9}[.)])(?=[ \t]|$)([ \t]*)(.*)$/;
const UNDERLINE = /^\s*(=+|-+)[ \t]*$/;
const HALF_MARKER = /^\s*([-+*=>]|-{2,}|={2,}|#{1,6}|`{1,2}|~{1,2}|\d{1,9}[.)]?|[-*_]{2,})[ \t]*$/;

// A line that goes on with a paragraph though the marks of its quote or list are missing
// is indented so deep that it can be nothing else.
const LAZY = " ".repeat(100);
const isLazy = (line) => indentOf(line) > 50;

const isBlank = (line) => line === undefined || /^[ \t]*$/.test(line);
const trim = (line) => line.replace(/^[ \t]+|[ \t]+$/g, "");

/** How far a line is indented, in columns; a tab goes to the next multiple of four. */
function indentOf(line) {
  let column = 0;
  for (const char of line) {
    if (char === " ") column += 1;
    else if (char === "\t") column += 4 - (column % 4);
    else break;
  }
  return column;
}

/** The line without its first `columns` columns of white space. */
function unindent(line, columns) {
  let column = 0;
  let at = 0;
  while (column < columns && (line[at] === " " || line[at] === "\t")) {
    column += line[at] === " " ? 1 : 4 - (column % 4);
    at += 1;
  }
  return " ".repeat(Math.max(0, column - columns)) + line.slice(at);
}

/**
 * The blocks of some lines, in order.
 * @param {string[]} lines
 * @param {boolean} open  More may come after the last line.
 * @returns {Block[]}
 */
export function readBlocks(lines, open) {
  const blocks = [];
  for (let at = 0; at < lines.length; ) {
    if (isBlank(lines[at])) {
      at += 1;
      continue;
    }
    const block = readBlock(lines, at, open);
    if (block.node !== null) blocks.push(block);
    at = block.to;
  }
  return blocks;
}

const READERS = [readTable, readFence, readQuote, readRule, readList, readHeading];

function readBlock(lines, at, open) {
  if (open && at === lines.length - 1 && HALF_MARKER.test(lines[at])) {
    return { node: null, from: at, to: at + 1 };
  }
  for (const reader of READERS) {
    const block = reader(lines, at, open);
    if (block) return block;
  }
  return readParagraph(lines, at, open);
}

/** Whether a line ends a paragraph by starting something else. */
function interrupts(lines, at) {
  const line = lines[at];
  if (FENCE.test(line) || QUOTE.test(line) || RULE.test(line) || HEADING.test(line)) {
    return true;
  }
  const item = ITEM.exec(line);
  const starts = item && item[4] !== "" && (!/\d/.test(item[2]) || parseInt(item[2]) === 1);
  return Boolean(starts) || tableColumns(lines, at) !== null;
}

/** Whether a line starts a block that a quote or a table does not swallow. */
function startsBlock(line) {
  return [FENCE, QUOTE, RULE, HEADING, ITEM].some((start) => start.test(line));
}

function readHeading(lines, at, open) {
  const found = HEADING.exec(lines[at]);
  if (!found) return null;
  const text = trim((found[2] ?? "").replace(/(^|[ \t]+)#+[ \t]*$/, ""));
  const half = open && at === lines.length - 1;
  const node = element(`h${found[1].length}`, readInline(text, half));
  return { node, from: at, to: at + 1 };
}

function readRule(lines, at) {
  return RULE.test(lines[at]) ? { node: element("hr"), from: at, to: at + 1 } : null;
}

function readFence(lines, at, open) {
  const found = FENCE.exec(lines[at]);
  if (!found) return null;
  const mark = found[1] ?? found[3];
  const columns = indentOf(lines[at]);
  const closing = new RegExp(`^\\s*${mark[0]}{${mark.length},}[ \\t]*$`);
  let end = at + 1;
  while (end < lines.length && !closing.test(lines[end])) end += 1;
  const body = lines.slice(at + 1, end).map((line) => unindent(line, columns));
  if (open && end === lines.length && isHalfClosing(body.at(-1), mark[0])) body.pop();
  const code = body.join("\n");
  const language = trim(found[2] ?? found[4]).split(/\s/)[0];
  const node = { tag: "fence", language, code, children: [] };
  return { node, from: at, to: Math.min(end + 1, lines.length) };
}

const isHalfClosing = (line, char) =>
  line !== undefined && trim(line) !== "" && [...trim(line)].every((c) => c === char);

function readQuote(lines, at, open) {
  if (!QUOTE.test(lines[at])) return null;
  const inner = [];
  let end = at;
  for (; end < lines.length && !isBlank(lines[end]); end += 1) {
    if (QUOTE.test(lines[end])) inner.push(lines[end].replace(QUOTE, ""));
    else if (!startsBlock(lines[end]) && endsInParagraph(inner)) inner.push(LAZY + trim(lines[end]));
    else break;
  }
  const half = open && end === lines.length;
  const children = readBlocks(inner, half).map((block) => block.node);
  return { node: element("blockquote", children), from: at, to: end };
}

/** Whether a further line without marks would go on with the last paragraph. */
function endsInParagraph(lines) {
  if (isBlank(lines.at(-1))) return false;
  let node = readBlocks(lines, false).at(-1)?.node;
  while (["blockquote", "ul", "ol", "li"].includes(node?.tag)) {
    if (typeof node.children.at(-1) === "string" || node.inlineEnd) return true;
    node = node.children.at(-1);
  }
  return node?.tag === "p";
}

function readList(lines, at, open) {
  const first = ITEM.exec(lines[at]);
  if (!first) return null;
  const kind = first[2].at(-1);
  const items = [];
  let loose = false;
  let end = at;
  while (end < lines.length) {
    const found = ITEM.exec(lines[end]);
    if (!found || found[2].at(-1) !== kind || RULE.test(lines[end])) break;
    const item = readItem(lines, end, found, open);
    items.push(item);
    end = item.to;
    const more = ITEM.exec(lines[end] ?? "");
    const goesOn = more && more[2].at(-1) === kind && !RULE.test(lines[end]);
    loose ||= item.loose || Boolean(item.blankEnd && goesOn);
  }
  const start = parseInt(first[2]);
  const attrs = start >= 0 && start !== 1 ? { start: String(start) } : {};
  const children = items.map((item) => itemNode(item.blocks, loose));
  return { node: element(start >= 0 ? "ol" : "ul", children, attrs), from: at, to: end };
}

/** One item: its lines without their indentation, read as blocks of their own. */
function readItem(lines, at, [, space, mark, gap, rest], open) {
  const wide = indentOf(" ".repeat(indentOf(space) + mark.length) + gap);
  const start = indentOf(space) + mark.length;
  const columns = rest === "" || wide - start > 4 ? start + 1 : wide;
  const inner = [rest === "" ? "" : " ".repeat(Math.max(0, wide - columns)) + rest];
  let end = at + 1;
  for (; end < lines.length; end += 1) {
    const line = lines[end];
    if (isBlank(line)) {
      if (inner.length === 1 && inner[0] === "") break;
      inner.push("");
    } else if (indentOf(line) >= columns) inner.push(unindent(line, columns));
    else if (!startsBlock(line) && endsInParagraph(inner)) inner.push(LAZY + trim(line));
    else break;
  }
  const blankEnd = inner.length > 1 && isBlank(inner.at(-1)) || inner[0] === "" && isBlank(lines[end]);
  const half = open && end === lines.length;
  const blocks = readBlocks(inner, half);
  const gaps = blocks.some((block, i) => i && isBlank(inner[block.from - 1]));
  while (end < lines.length && isBlank(lines[end])) end += 1;
  return { blocks, loose: gaps, blankEnd, to: end };
}

/** In a tight list a paragraph is just its words. */
function itemNode(blocks, loose) {
  const parts = blocks.map(({ node }) => (!loose && node.tag === "p" ? node.children : [node]));
  const item = element("li", parts.flat());
  item.inlineEnd = !loose && blocks.at(-1)?.node.tag === "p";
  return item;
}

// A table row: cells between |, where \| is a | of the text.
function cellsOf(line) {
  const cells = trim(line).split(/(?<!\\)\|/).map((cell) => trim(cell.replaceAll("\\|", "|")));
  if (cells[0] === "") cells.shift();
  if (cells.at(-1) === "") cells.pop();
  return cells;
}

/** The alignments of a table that starts here; null if none does. */
function tableColumns(lines, at) {
  const [head, marks] = [lines[at], lines[at + 1]];
  if (marks === undefined || !head.includes("|") || !/^\s*[-|:][-|: \t]+$/.test(marks)) return null;
  if (/^\s*-[ \t]/.test(marks) || isLazy(marks)) return null;
  const columns = cellsOf(marks);
  if (!columns.length || columns.length !== cellsOf(head).length) return null;
  if (!columns.every((mark) => /^:?-+:?$/.test(mark))) return null;
  return columns.map(alignment);
}

function alignment(mark) {
  if (mark.endsWith(":")) return mark.startsWith(":") ? "center" : "right";
  return mark.startsWith(":") ? "left" : "";
}

function readTable(lines, at, open) {
  const columns = tableColumns(lines, at) ?? (open ? halfTable(lines, at) : null);
  if (!columns) return null;
  let end = Math.min(at + 2, lines.length);
  while (end < lines.length && !isBlank(lines[end]) && !startsBlock(lines[end])) end += 1;
  const rows = lines.slice(at + 2, end);
  const half = (i) => open && end === lines.length && i === rows.length - 1;
  const parts = [element("thead", [tableRow("th", cellsOf(lines[at]), columns, half(-1))])];
  const body = rows.map((line, i) => tableRow("td", cellsOf(line), columns, half(i)));
  if (body.length) parts.push(element("tbody", body));
  return { node: element("table", parts), from: at, to: end };
}

/** A header row alone at the end of a growing text is going to be a table. */
function halfTable(lines, at) {
  const rest = lines.slice(at + 1);
  if (!/^\s*\|/.test(lines[at]) || rest.length > 1) return null;
  if (rest.length && !/^[-|: \t]*$/.test(rest[0])) return null;
  return cellsOf(lines[at]).map(() => "");
}

function tableRow(tag, cells, columns, half) {
  const cell = (align, i) => {
    const last = half && i === cells.length - 1;
    return element(tag, readInline(cells[i] ?? "", last), align ? { align } : {});
  };
  return element("tr", columns.map(cell));
}

function readParagraph(lines, at, open) {
  let end = at + 1;
  for (; end < lines.length && !isBlank(lines[end]); end += 1) {
    if (indentOf(lines[end]) > 3) continue; // so deep it can only go on
    const mark = UNDERLINE.exec(lines[end]);
    const half = open && end === lines.length - 1;
    if (half && HALF_MARKER.test(lines[end])) return paragraph(lines, at, end, end + 1, false);
    if (mark) {
      const children = readInline(paragraphText(lines, at, end), false);
      return { node: element(mark[1][0] === "=" ? "h1" : "h2", children), from: at, to: end + 1 };
    }
    if (interrupts(lines, end)) break;
    if (half && /^\s*\|/.test(lines[end])) break; // the first row of a table
  }
  return paragraph(lines, at, end, end, open && end === lines.length);
}

function paragraph(lines, at, end, to, half) {
  const children = readInline(paragraphText(lines, at, end), half);
  return { node: element("p", children), from: at, to };
}

/** The lines of a paragraph; white space at the start and the end does not count. */
function paragraphText(lines, at, end) {
  const text = lines.slice(at, end).map((line) => (isLazy(line) ? trim(line) : line));
  return trim(text.join("\n"));
}

// ---------------------------------------------------------------- inside a block

const ESCAPABLE = /[!-/:-@[-`{-~]/;
const SAFE_LINK = /^(https?|mailto):/i;
const SPACE = /[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/;
const PUNCTUATION = /[\p{P}\p{S}]/u;
const DESTINATION =
  /^\([ \t\n]*(?:<((?:\\.|[^<>\\\n])*)>|((?:\\[!-/:-@[-`{-~]|[^\s()\\\x00-\x20\x7f]|\\(?=[^!-/:-@[-`{-~])|\((?:\\.|[^\s()\\])*\))*))(?:[ \t\n]+(?:"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|\((?:\\[^]|[^()\\])*\)))?[ \t\n]*\)/;

/** @typedef {{mark: string, length: number, opens: boolean, closes: boolean}} Delimiter */

const INLINE = {
  "\\": readEscape,
  "`": readCode,
  "*": readDelimiter,
  _: readDelimiter,
  "~": readDelimiter,
  "[": readLink,
  "!": readLink,
  "\n": readBreak,
};

/**
 * The text of one block as a tree.
 * @param {string} text
 * @param {boolean} open  More may come: heal what is half typed.
 * @returns {Tree[]}
 */
export function readInline(text, open) {
  const parts = readParts(text, open);
  pairDelimiters(parts);
  if (open) healDelimiters(parts);
  return joinText(parts);
}

function readParts(text, open) {
  /** @type {(Tree | Delimiter)[]} */
  const parts = [];
  let plain = 0; // where the text starts that nothing has claimed yet
  for (let at = 0; at < text.length; ) {
    const found = INLINE[text[at]]?.(text, at, open);
    if (!found) {
      at += 1;
      continue;
    }
    const before = text.slice(plain, found.from ?? at);
    if (before) parts.push(before);
    parts.push(...found.parts);
    at = plain = found.to;
  }
  if (plain < text.length) parts.push(text.slice(plain));
  return parts;
}

function readEscape(text, at) {
  const next = text[at + 1] ?? "";
  if (next === "\n") return { parts: [element("br")], to: skipSpaces(text, at + 2) };
  return ESCAPABLE.test(next) ? { parts: [next], to: at + 2 } : null;
}

function skipSpaces(text, at) {
  while (text[at] === " " || text[at] === "\t") at += 1;
  return at;
}

function readBreak(text, at) {
  let from = at;
  while (text[from - 1] === " ") from -= 1;
  const node = at - from >= 2 ? element("br") : "\n";
  return { parts: [node], from, to: skipSpaces(text, at + 1) };
}

function runLength(text, at) {
  let end = at;
  while (text[end] === text[at]) end += 1;
  return end - at;
}

function readCode(text, at, open) {
  const run = runLength(text, at);
  for (let end = at + run; (end = text.indexOf("`", end)) >= 0; end += runLength(text, end)) {
    if (runLength(text, end) !== run) continue;
    return { parts: [codeSpan(text.slice(at + run, end))], to: end + run };
  }
  if (open && at + run === text.length) return { parts: [], to: text.length };
  if (open) return { parts: [codeSpan(text.slice(at + run).replace(/`+$/, ""))], to: text.length };
  return { parts: [text.slice(at, at + run)], to: at + run };
}

function codeSpan(code) {
  const words = code.replaceAll("\n", " ");
  const padded = /^ .*[^ ].* $/.test(words) || /^ [^ ] $/.test(words);
  return element("code", [padded ? words.slice(1, -1) : words]);
}

function readDelimiter(text, at, open) {
  const mark = text[at];
  const length = runLength(text, at);
  const to = at + length;
  if (mark === "~" && length < 2) return null;
  const before = charBefore(text, at);
  const after = to < text.length ? String.fromCodePoint(text.codePointAt(to)) : " ";
  const [spaceBefore, spaceAfter] = [SPACE.test(before), SPACE.test(after)];
  const [signBefore, signAfter] = [PUNCTUATION.test(before), PUNCTUATION.test(after)];
  const left = !spaceAfter && (!signAfter || spaceBefore || signBefore);
  const right = !spaceBefore && (!signBefore || spaceAfter || signAfter);
  const opens = left && (mark !== "_" || !right || signBefore);
  const closes = right && (mark !== "_" || !left || signAfter);
  if (open && to === text.length && !closes) return { parts: [], to }; // half typed
  if (mark !== "~" || length % 2 === 0) {
    return { parts: [{ mark, length, size: length, opens, closes }], to };
  }
  const even = { mark, length: length - 1, size: length - 1, opens, closes };
  return { parts: closes ? [even, "~"] : ["~", even], to };
}

function charBefore(text, at) {
  if (at === 0) return " ";
  const low = text.charCodeAt(at - 1);
  const pair = at > 1 && low >= 0xdc00 && low <= 0xdfff;
  return text.slice(at - (pair ? 2 : 1), at);
}

function readLink(text, at, open) {
  const image = text[at] === "!";
  if (image && text[at + 1] !== "[") return null;
  const start = at + (image ? 2 : 1);
  const end = labelEnd(text, start, !image);
  const label = text.slice(start, end < 0 ? undefined : end);
  if (end >= 0) {
    const found = DESTINATION.exec(text.slice(end + 1));
    const address = unescape_(found?.[1] ?? found?.[2] ?? "");
    if (found && (address === "" || SAFE_LINK.test(address))) {
      return { parts: [linkNode(label, address, image)], to: end + 1 + found[0].length };
    }
  }
  const half = end < 0 || (text[end + 1] ?? "(") === "(" && !text.slice(end).includes(")");
  if (!open || !half || label.includes("\n") || /\s/.test(label[0] ?? "x")) return null;
  return { parts: image ? [`image: ${label}`] : readInline(label, end < 0), to: text.length };
}

/** Where the label that starts here ends; -1 if it does not, or holds a link itself. */
function labelEnd(text, at, disallowLinks) {
  let depth = 1;
  while (at < text.length) {
    const char = text[at];
    if (char === "]" && --depth === 0) return at;
    const skipped = "\\`[!".includes(char) ? skippable(text, at) : 0;
    if (skipped && char === "[" && disallowLinks) return -1;
    if (!skipped && char === "[") depth += 1;
    at += skipped || 1;
  }
  return -1;
}

/** How long the escape, code or link is that starts here; 0 if none does. */
function skippable(text, at) {
  const found = INLINE[text[at]](text, at, false);
  return found ? found.to - at : 0;
}

const unescape_ = (text) => text.replace(/\\([!-/:-@[-`{-~])/g, "$1");

function linkNode(label, address, image) {
  const rel = "noopener noreferrer nofollow";
  const attrs = address && { href: address, title: address, rel, target: "_blank" };
  if (image) return element("a", [`image: ${label || address}`], attrs || {});
  const link = element("a", readInline(label, false), attrs || {});
  const host = trueHost(plainText(link).trim(), address);
  return host ? element("span", [link, ` (${host})`]) : link;
}

/** Where a link leads, if its words look like the address of another site. */
function trueHost(words, address) {
  if (!/^(https?:\/\/|www\.)/i.test(words)) return "";
  const claimed = words.toLowerCase().replace(/^https?:\/\//, "").split("/")[0];
  const host = /^https?:\/\/([^/?#]*)/i.exec(address)?.[1].toLowerCase() ?? "";
  return claimed === host ? "" : host;
}

const plainText = (node) =>
  typeof node === "string" ? node : (node.children ?? []).map(plainText).join("");

const isDelimiter = (part) => part.mark !== undefined;
const TAGS = { "*": ["em", "strong"], _: ["em", "strong"], "~": ["s", "s"] };

/** Each closing mark takes the nearest opening one; what stands between is its content. */
function pairDelimiters(parts) {
  for (let at = 0; at < parts.length; at += 1) {
    const closer = parts[at];
    if (!isDelimiter(closer) || !closer.closes) continue;
    while (closer.length > 0) {
      const from = openerOf(parts, at);
      if (from < 0) break;
      wrap(parts, from, at, Math.min(2, parts[from].length, closer.length));
      at = from + 2;
    }
  }
}

function openerOf(parts, at) {
  const closer = parts[at];
  for (let i = at - 1; i >= 0; i -= 1) {
    const opener = parts[i];
    if (!isDelimiter(opener) || opener.mark !== closer.mark || !opener.opens) continue;
    if (opener.length > 0 && !oddMatch(opener, closer)) return i;
  }
  return -1;
}

/** CommonMark's rule of three: *foo**bar* is no strong inside the em. */
function oddMatch(opener, closer) {
  if (closer.mark === "~" || !(opener.closes || closer.opens)) return false;
  const sum = opener.size + closer.size;
  return sum % 3 === 0 && (opener.size % 3 !== 0 || closer.size % 3 !== 0);
}

function wrap(parts, from, to, length) {
  const [opener, closer] = [parts[from], parts[to]];
  const inside = joinText(parts.slice(from + 1, to));
  parts.splice(from + 1, to - from - 1, element(TAGS[opener.mark][length - 1], inside));
  opener.length -= length;
  closer.length -= length;
}

/** At the end of a growing text an open **mark counts as if it were closed. */
function healDelimiters(parts) {
  for (let at = parts.length - 1; at >= 0; at -= 1) {
    const opener = parts[at];
    if (!isDelimiter(opener) || !opener.opens || !opener.length) continue;
    const words = parts.slice(at + 1);
    if (!words.length || words.includes("\n")) continue;
    const length = opener.mark === "~" ? 2 : Math.min(2, opener.length);
    const node = element(TAGS[opener.mark][length - 1], joinText(words));
    opener.length -= length;
    parts.splice(at + 1, words.length, node);
  }
}

/** Marks that found no partner are text; neighbouring texts are one. */
function joinText(parts) {
  const joined = [];
  for (const part of parts) {
    const piece = isDelimiter(part) ? part.mark.repeat(part.length) : part;
    if (piece === "") continue;
    if (typeof piece === "string" && typeof joined.at(-1) === "string") {
      joined[joined.length - 1] += piece;
    } else joined.push(piece);
  }
  return joined;
}
