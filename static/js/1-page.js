// What every page shares: sentences from the page, notices, focus after a swap, the title, scrolling.
"use strict";
var quayside = (() => {
  const root = document.documentElement;
  root.dataset.js = "";

  const words = (name) => document.getElementById("words")?.dataset[name] ?? "";

  const announce = (text) => {
    const region = document.getElementById("announcer");
    if (region) region.textContent = text;
  };

  // A notice above the page; the page and what was typed in it stay.
  const notice = (text, link) => {
    const region = document.getElementById("errors");
    if (region && !region.textContent.includes(text)) region.replaceChildren(noticeBox(text, link));
  };

  // The same as the answer to something the person just did: brought into sight.
  const answerNotice = (text, link) => {
    notice(text, link);
    document.getElementById("errors")?.scrollIntoView({ block: "nearest" });
  };

  const noticeBox = (text, link) => {
    const box = document.createElement("div");
    box.className = "note warn";
    box.setAttribute("role", "alert");
    const body = document.createElement("div");
    body.className = "grow";
    body.append(Object.assign(document.createElement("p"), { textContent: text }));
    if (link) {
      const acts = Object.assign(document.createElement("div"), { className: "acts" });
      acts.append(Object.assign(document.createElement("a"), { className: "btn s", href: link.url, textContent: link.label }));
      body.append(acts);
    }
    box.append(body);
    return box;
  };

  const clearNotices = () => document.getElementById("errors")?.replaceChildren();

  const isDirty = () => document.querySelector("form[data-dirty]") !== null;

  // To the first error, or to the heading of what is new, or nowhere when the focus still stands.
  const settleFocus = (source, toTop) => {
    const main = document.getElementById("main");
    const summary = main?.querySelector(".sum");
    const target = summary ?? main?.querySelector("[aria-invalid='true'], .clash") ?? null;
    if (target) {
      target.focus({ preventScroll: true });
      target.scrollIntoView({ block: "center" });
    } else if (toTop) {
      window.scrollTo({ top: 0 });
      main?.querySelector("h1")?.focus({ preventScroll: true });
    } else if (document.activeElement === document.body) {
      (source?.isConnected ? source : main?.querySelector("h1"))?.focus({ preventScroll: true });
    }
  };

  document.addEventListener("DOMContentLoaded", () => {
    const first = document.querySelector("main .sum, main .clash");
    if (first && !location.hash) first.focus();
  });

  // A page kept by the browser shows what was true when it was left.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  const signInUrl = () => `${words("signInUrl")}?next=${encodeURIComponent(location.pathname + location.search)}`;

  return { root, words, signInUrl, announce, notice, answerNotice, clearNotices, isDirty, settleFocus };
})();
