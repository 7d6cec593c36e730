// Makes control/ui/vendor/lit.js, or the file that is named: lit as one module, with its licence.
import { build } from "esbuild";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

await build({
  entryPoints: [here("lit.js")],
  outfile: process.argv[2] ?? here("../../control/ui/vendor/lit.js"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  conditions: ["production"],
  legalComments: "eof",
  absWorkingDir: here("."),
});
