// htmx: where answers go, what they leave alone, and what happens when none comes.
(() => {
  const { words, announce, answerNotice, clearNotices, isDirty, settleFocus } = quayside;
  const SIGN_IN = "/auth/";

  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    const { request, sourceElement } = ctx;
    // Asked for now: after the swap the link may be another one.
    ctx.toTop = sourceElement.hasAttribute?.("data-to-top");
    // An address says only what was chosen.
    if (request.method === "GET" && sourceElement.matches?.("form[data-auto-submit]")) {
      for (const [name, value] of [...request.body]) if (value === "") request.body.delete(name);
    }
  });

  document.addEventListener("htmx:before:response", (event) => {
    const { response } = event.detail.ctx;
    const led = response.raw.redirected && new URL(response.raw.url).pathname.startsWith(SIGN_IN);
    // The session ended meanwhile: say so and keep what was typed, instead of leaving for the sign-in page.
    if (led || (response.status === 401 && isDirty())) {
      event.preventDefault();
      answerNotice(words("signedOut"), { url: quayside.signInUrl(), label: words("signIn") });
    }
  });

  document.addEventListener("htmx:before:swap", (event) => {
    const { ctx, tasks } = event.detail;
    if (!ctx.response) return;
    const source = ctx.sourceElement;
    if (ctx.response.status >= 400) {
      ctx.push = ctx.replace = "false";
      // A form opened in place stays on its page: neither title nor breadcrumb becomes that of its own page.
      if (source?.closest?.("[data-slot]")) {
        ctx.title = null;
        tasks.splice(0, tasks.length, ...tasks.filter((task) => task.type === "main"));
      }
    }
  });

  document.addEventListener("htmx:after:swap", (event) => {
    const { ctx } = event.detail;
    const source = ctx.sourceElement;
    if (!ctx.response) return;
    // What is offered while somebody types leaves them where they are.
    if (ctx.target?.matches?.("datalist")) return;
    const failed = ctx.response.status >= 400;
    // What follows a field, such as a price the dates, leaves the focus in it.
    const follows = ctx.sourceEvent?.type === "change";
    const error = failed && ctx.hx?.retarget ? document.querySelector("#errors [data-error]") : null;
    if (error) {
      refreshTokens(error);
      // The page asked by itself; nobody is taken away from what they do.
      if (source === document.body || follows) return;
      error.focus({ preventScroll: true });
      error.scrollIntoView({ block: "nearest" });
      return;
    }
    clearNotices();
    if (!failed) {
      showFilters();
      if (ctx.request.method !== "GET") sent(source);
    }
    if (source === document.body || source?.id === "live") return;
    const opened = ctx.target?.closest?.("[data-slot]");
    if (opened && !failed) (opened.querySelector("[data-first]") ?? opened.querySelector("input:not([type=hidden]), select, textarea"))?.focus();
    else if (!follows) settleFocus(source, ctx.toTop && !failed);
    if (ctx.request.method === "GET" && !opened) announce(words("updated"));
  });

  // A morph keeps what stands in a control; a filter says what the server filtered by.
  const showFilters = () => {
    for (const form of document.querySelectorAll("form[data-auto-submit]")) if (!form.dataset.pending) form.reset();
  };

  // What was sent is no longer unsaved: close the form opened in place, empty the one that stays.
  const sent = (form) => {
    if (!form?.matches?.("form")) return;
    delete form.dataset.dirty;
    if (form.hasAttribute("data-reset")) form.reset();
    form.closest("[data-slot]")?.replaceChildren();
  };

  // After a new sign-in in another tab the old token is refused; the answer brings the one that counts.
  const refreshTokens = (error) => {
    const token = error.dataset.csrf;
    if (!token) return;
    for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = token;
  };

  document.addEventListener("htmx:error", (event) => {
    if (event.detail.ctx?.sourceElement !== document.body) answerNotice(words("offline"));
  });
})();
