// What html-validate.js is bundled from:
//   npx esbuild html-validate.entry.js --bundle --minify --format=iife --platform=browser --outfile=html-validate.js
// with html-validate installed. `validateHtml(markup, rules)` gives [[line, column, rule, message], …].
import { HtmlValidate, StaticConfigLoader } from "html-validate/browser";

const presets = { extends: ["html-validate:standard"], root: true };
const validator = new HtmlValidate(new StaticConfigLoader(presets));

globalThis.validateHtml = async (markup, rules) => {
  const report = await validator.validateString(markup, "page.html", { rules });
  return report.results.flatMap((result) =>
    result.messages.map((found) => [found.line, found.column, found.ruleId, found.message]),
  );
};
