// Passkeys: the browser is asked, its answer goes into the form, and the form is sent like any other.
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  // As PublicKeyCredential.toJSON() would, which not every browser has.
  const written = (credential) => {
    const response = { clientDataJSON: text(credential.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
  };

  const asked = async (form, purpose) => {
    const body = new URLSearchParams({ csrf_token: form.elements.csrf_token.value, for: purpose });
    const answer = await fetch("/auth/passkey/challenge", { method: "POST", body });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const options = await answer.json();
    options.challenge = bytes(options.challenge);
    if (purpose !== "enrol") {
      options.allowCredentials = known(options.allowCredentials);
      return navigator.credentials.get({ publicKey: options });
    }
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = known(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  };

  const use = async (button) => {
    const { form } = button;
    const trouble = form.querySelector("[data-passkey-trouble]");
    trouble.hidden = true;
    button.disabled = true;
    try {
      const credential = await asked(form, button.dataset.passkey);
      form.elements._passkey.value = written(credential);
      HTMLFormElement.prototype.submit.call(form);
    } catch (error) {
      const isKnown = error.name === "InvalidStateError";
      trouble.textContent = isKnown ? button.dataset.known : button.dataset.failed;
      trouble.hidden = false;
    } finally {
      button.disabled = false;
    }
  };

  const offer = () => {
    const passkeys = window.PublicKeyCredential ? ", [data-passkey], [data-passkey-part]" : "";
    for (const one of document.querySelectorAll(`[data-copy], [data-print]${passkeys}`)) one.hidden = false;
  };

  document.addEventListener("DOMContentLoaded", offer);
  document.addEventListener("htmx:after:swap", offer);

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-passkey], [data-copy], [data-print]");
    if (!button) return;
    if (button.matches("[data-passkey]")) return use(button);
    if (button.matches("[data-print]")) return window.print();
    const lines = [...document.getElementById(button.dataset.copy).children].map((line) => line.textContent.trim());
    await navigator.clipboard.writeText(lines.join("\n"));
    button.querySelector("span").textContent = button.dataset.done;
    quayside.announce(button.dataset.done);
  });
})();
