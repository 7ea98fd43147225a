"use strict";

/* Passkeys (WebAuthn): what the browser answers goes into a hidden field, as JSON, and the form is sent. */

(() => {
  const bytesOf = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const textOf = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const made = (credential) => ({
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    response: {
      clientDataJSON: textOf(credential.response.clientDataJSON),
      attestationObject: textOf(credential.response.attestationObject),
    },
  });

  const used = (credential) => ({
    id: credential.id,
    rawId: textOf(credential.rawId),
    type: credential.type,
    response: {
      clientDataJSON: textOf(credential.response.clientDataJSON),
      authenticatorData: textOf(credential.response.authenticatorData),
      signature: textOf(credential.response.signature),
    },
  });

  const sent = async (button, answer) => {
    const form = button.form;
    const problem = form.querySelector("[data-passkey-problem]");
    problem.hidden = true;
    try {
      form.elements.passkey.value = JSON.stringify(await answer());
    } catch {
      problem.hidden = false;
      return;
    }
    // A code is not asked for beside it.
    form.submit();
  };

  const make = (button) => {
    const options = JSON.parse(button.dataset.options);
    options.challenge = bytesOf(options.challenge);
    options.user.id = bytesOf(options.user.id);
    for (const known of options.excludeCredentials ?? []) {
      known.id = bytesOf(known.id);
    }
    return sent(button, async () => made(await navigator.credentials.create({ publicKey: options })));
  };

  const use = (button) => {
    const missing = [...button.form.elements].find((field) => field.name !== "code" && !field.checkValidity());
    if (missing) {
      missing.reportValidity();
      return undefined;
    }
    const publicKey = {
      challenge: bytesOf(button.dataset.challenge),
      rpId: button.dataset.name,
      userVerification: "preferred",
    };
    return sent(button, async () => used(await navigator.credentials.get({ publicKey })));
  };

  document.addEventListener("DOMContentLoaded", () => {
    if (!window.PublicKeyCredential) {
      return;
    }
    for (const button of document.querySelectorAll("[data-passkey-use]")) {
      button.hidden = false;
      button.addEventListener("click", () => use(button));
    }
    for (const button of document.querySelectorAll("[data-passkey-make]")) {
      button.addEventListener("click", () => make(button));
    }
  });
})();
