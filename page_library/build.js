// Bundle library.js into one file beside its licences: npm ci && npm run build.
// Another folder to write to may be given: npm run build -- /tmp/somewhere

import { readFileSync, writeFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

const target = process.argv[2] ?? "../course_utils/live/page";
const { metafile } = await build({
  entryPoints: ["library.js"],
  outfile: join(target, "library.js"),
  bundle: true,
  minify: true,
  metafile: true,
  charset: "ascii",
  format: "iife",
  globalName: "pageLibrary",
  banner: { js: "// Made by page_library/build.js. Licences: library.LICENSES.txt" },
  footer: { js: "const { MarkdownIt } = pageLibrary;" },
});

const packages = new Set(
  Object.keys(metafile.inputs)
    .filter((path) => path.startsWith("node_modules/"))
    .map((path) => path.split("/")[1]),
);
const licences = [...packages].sort().map((name) => {
  const folder = join("node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json")));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(join(folder, file), "utf8").trim() : license;
  return `${name} ${version} (${license})\n\n${text}\n`;
});
writeFileSync(join(target, "library.LICENSES.txt"), licences.join(`\n${"-".repeat(72)}\n\n`));
