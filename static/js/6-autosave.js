// A form that keeps itself a moment after somebody stopped typing. Its answer brings the version to save over next.
(() => {
  const PAUSE = 900;
  const state = new WeakMap();

  const tell = (form, name, text) => {
    const place = form.querySelector("[data-autosave-state]");
    if (place) place.textContent = text ?? place.dataset[name] ?? "";
  };

  const later = (form) => {
    const own = state.get(form) ?? {};
    clearTimeout(own.timer);
    own.timer = setTimeout(() => save(form), PAUSE);
    state.set(form, own);
  };

  const save = async (form) => {
    const own = state.get(form);
    if (own.running) return later(form);
    if (!form.isConnected) return;
    own.running = true;
    const body = new URLSearchParams(new FormData(form));
    const typed = form.elements.body.value;
    tell(form, "saving");
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request-Type": "partial" } });
      if (answer.status === 401) return quayside.answerNotice(quayside.words("signedOut"), { url: quayside.signInUrl(), label: quayside.words("signIn") });
      const found = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(form.id);
      if (!found) return tell(form, "failed");
      take(form, found, answer.status, typed);
    } catch {
      tell(form, "failed");
    } finally {
      own.running = false;
    }
  };

  const take = (form, found, status, typed) => {
    const isSame = form.elements.body.value === typed;
    if (status === 409 && !isSame) return later(form); // what was typed since has to be in it as well
    for (const old of form.querySelectorAll(".sum, .error")) old.remove();
    if (status >= 400) {
      const why = found.querySelector(".sum");
      if (why) form.prepend(why);
      tell(form, "failed");
    }
    if (status === 409) form.elements.body.value = found.elements.body.value;
    if (status < 400 || status === 409) form.elements.version.value = found.elements.version.value;
    if (status >= 400) return;
    tell(form, "", found.querySelector("[data-autosave-state]")?.textContent);
    if (isSame) delete form.dataset.dirty;
    else later(form);
  };

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.matches("[data-autosave]")) return;
    tell(form, "waiting");
    later(form);
  });
})();
