// Colours for code, line by line, in the classes that JupyterLab's own code wears.
//
// A line needs only the state the line before left (inside a long string or comment), so
// a growing program is coloured by looking at its last line alone.

const words = (text) => new Set(text.split(" "));

const PYTHON = {
  keywords: words(
    "and as assert async await break class continue def del elif else except finally for " +
      "from global if import in is lambda match nonlocal not or pass raise return try while " +
      "with yield case None True False",
  ),
  comment: "#",
  long: { '"""': '"""', "'''": "'''" },
};
const C_LIKE = {
  keywords: words(
    "abstract async await bool break case catch char class const continue default delete do " +
      "double else enum export extends final float fn for from func function go if impl " +
      "implements import in instanceof int interface let long match mod mut new null package " +
      "private protected pub public return short static struct super switch this throw true " +
      "false try type typeof undefined union unsafe use using var void while yield",
  ),
  comment: "//",
  long: { "/*": "*/", "`": "`" },
};
const SHELL = {
  keywords: words("case do done elif else esac export fi for function if in return then while"),
  comment: "#",
  long: {},
};
const SQL = {
  keywords: words(
    "select from where and or not null insert into values update set delete create table " +
      "join left right inner outer on group by order having limit as distinct union case when " +
      "then else end SELECT FROM WHERE AND OR NOT NULL INSERT INTO VALUES UPDATE SET DELETE " +
      "CREATE TABLE JOIN LEFT RIGHT INNER OUTER ON GROUP BY ORDER HAVING LIMIT AS DISTINCT " +
      "UNION CASE WHEN THEN ELSE END",
  ),
  comment: "--",
  long: { "/*": "*/" },
};
const DATA = { keywords: words("true false null"), comment: "#", long: {} };

const LANGUAGES = {
  python: PYTHON, py: PYTHON, python3: PYTHON, ipython: PYTHON,
  javascript: C_LIKE, js: C_LIKE, typescript: C_LIKE, ts: C_LIKE, jsx: C_LIKE, tsx: C_LIKE,
  java: C_LIKE, c: C_LIKE, cpp: C_LIKE, "c++": C_LIKE, csharp: C_LIKE, go: C_LIKE,
  rust: C_LIKE, rs: C_LIKE, kotlin: C_LIKE, swift: C_LIKE, php: C_LIKE,
  bash: SHELL, sh: SHELL, shell: SHELL, zsh: SHELL, console: SHELL,
  sql: SQL, json: DATA, yaml: DATA, yml: DATA, toml: DATA,
}; // prettier-ignore

const LONGEST = 1000; // letters of a line that is worth its colours
const STRING = /"(?:\\.|[^"\\])*("|$)|'(?:\\.|[^'\\])*('|$)/y;
const TOKENS = [
  [STRING, "s"],
  [/(?:0[xob][\da-f_]+|\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?)\b/iy, "m"],
  [/[-+*/%=<>!&|^~@]+/y, "o"],
];
const WORD = /[\p{L}_$][\p{L}\p{N}_$]*/uy;

const found = (pattern, line, at) => {
  pattern.lastIndex = at;
  return pattern.exec(line)?.[0];
};

/**
 * One line of code as pieces.
 * @param {string} line
 * @param {string} language  As the fence names it; unknown ones stay plain.
 * @param {string} inside  The end that an earlier line is still waiting for, or "".
 * @returns {{pieces: [string, string][], inside: string}}  Pieces are [class, text].
 */
export function colourLine(line, language, inside) {
  const grammar = Object.hasOwn(LANGUAGES, language) ? LANGUAGES[language] : null;
  if (!grammar || line.length > LONGEST) return { pieces: [["", line]], inside: "" };
  const pieces = [];
  let at = 0;
  while (at < line.length) {
    const token = inside ? restOf(line, at, inside) : tokenAt(line, at, grammar);
    pieces.push([token.name, line.slice(at, token.to)]);
    inside = token.inside ?? "";
    at = token.to;
  }
  return { pieces, inside };
}

/** The rest of a long string or comment. */
function restOf(line, at, end) {
  const name = end === "*/" ? "c" : "s";
  const to = line.indexOf(end, at);
  return to < 0 ? { name, to: line.length, inside: end } : { name, to: to + end.length };
}

function tokenAt(line, at, grammar) {
  for (const [start, end] of Object.entries(grammar.long)) {
    if (!line.startsWith(start, at)) continue;
    return restOf(line, at + start.length, end);
  }
  if (line.startsWith(grammar.comment, at)) return { name: "c", to: line.length };
  for (const [pattern, name] of TOKENS) {
    const token = found(pattern, line, at);
    if (token) return { name, to: at + token.length };
  }
  const word = found(WORD, line, at);
  if (word) return { name: grammar.keywords.has(word) ? "k" : "", to: at + word.length };
  return { name: "", to: at + 1 };
}
