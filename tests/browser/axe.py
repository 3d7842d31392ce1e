"""axe, which finds what keeps people from using a page."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from playwright.sync_api import Page

SOURCE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
# What axe judges by colour alone, so that it is all that can change with the colour scheme.
COLOURS = ("color-contrast", "link-in-text-block")
STANDARDS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")

# What comes again, down a list and from page to page.
PARTS = ".card, .field, tr, li, dialog, header.top > *, .bottombar > *"
# Attributes whose values change how an element looks or what it is; of the others it counts that they are given.
LOOKS = ("class", "role", "type", "fill", "data-theme", "data-side", "aria-current", "aria-hidden", "aria-pressed")
# Parts of one shape that are judged.
ENOUGH = 3

EXAMINE = """async ([options, parts, looks, most, judged]) => {
  if (!("axe" in window)) loadAxe();
  const own = (element) => {
    const given = [...element.attributes].map(({ name, value }) =>
      looks.includes(name) ? `${name}="${value}"` : name + (value.trim() ? "" : "=''"));
    return `<${element.localName} ${given.join(" ")} ${element.matches(":popover-open, :checked, :disabled")}>`;
  };
  const shape = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data.trim() && "…";
    if (node.nodeType !== Node.ELEMENT_NODE) return "";
    return own(node) + (node.localName === "option" ? "" : [...node.childNodes].map(shape).join("")) + "</>";
  };
  const page = [...document.querySelectorAll("link[rel=stylesheet]")].map((sheet) => sheet.href)
    + [innerWidth, matchMedia("(prefers-color-scheme: dark)").matches, ...options.runOnly.values];
  const place = (element) => element ? place(element.parentElement) + own(element) : page;
  const hash = (text) => {
    let [one, other] = [0, 1];
    for (let at = 0; at < text.length; at++) {
      one = Math.imul(one ^ text.charCodeAt(at), 2654435761);
      other = Math.imul(other ^ text.charCodeAt(at), 1597334677);
    }
    return `${one} ${other}`;
  };
  const known = new Map(judged);
  const [seen, exclude] = [[], []];
  for (const part of document.querySelectorAll(parts)) {
    if (exclude.some((outer) => outer.contains(part))) continue;
    const key = hash(place(part.parentElement) + shape(part) + part.checkVisibility());
    const times = known.get(key) ?? 0;
    known.set(key, times + 1);
    if (times < most) seen.push(key);
    else exclude.push(part);
  }
  const { violations } = await axe.run({ include: document, exclude }, options);
  const told = ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.target[0]).join(", ")}`;
  return [seen, violations.map(told)];
}"""


class Axe:
    """What axe finds against WCAG 2.2 AA and good practice on a page as it stands now. A part whose like was judged
    often enough, in the same place, width and colours, is taken as read: most of a page stands on others too."""

    def __init__(self) -> None:
        self.judged: Counter[str] = Counter()
        self.pages: set[Page] = set()

    def __call__(self, page: Page, *, colours_only: bool = False) -> list[str]:
        self.bring(page)
        chosen = {"type": "rule", "values": COLOURS} if colours_only else {"type": "tag", "values": STANDARDS}
        # The size of targets is off by itself.
        options = {
            "runOnly": chosen,
            "resultTypes": ["violations"],
            "preload": False,  # of style sheets and media, for rules that are not among these
            "rules": {"target-size": {"enabled": not colours_only}},
        }
        judged = [[key, times] for key, times in self.judged.items()]
        seen, found = page.evaluate(EXAMINE, [options, PARTS, LOOKS, ENOUGH, judged])
        if not found:
            self.judged.update(seen)
        return [str(one) for one in found]

    def bring(self, page: Page) -> None:
        """From its first judgement on a window has axe ready in each of its pages, without its being sent again."""
        if page not in self.pages:
            self.pages.add(page)
            ready = f"window.loadAxe = () => {{ {SOURCE} }}"
            page.add_init_script(ready)
            page.evaluate(ready)
