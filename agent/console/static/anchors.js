// Signs a change of trust anchors in the browser: the private key is read from its file, used, and sent nowhere.
"use strict";

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function signed(form, pem) {
  const body = pem.match(/-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/);
  const der = Uint8Array.from(atob(body[1].replace(/\s/g, "")), (one) => one.charCodeAt(0));
  const key = await crypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]);
  const header = JSON.stringify({ alg: "EdDSA", kid: form.dataset.signer, typ: form.dataset.kind });
  const message = `${base64url(new TextEncoder().encode(header))}.${form.dataset.payload}`;
  const signature = await crypto.subtle.sign("Ed25519", key, new TextEncoder().encode(message));
  return `${message}.${base64url(new Uint8Array(signature))}`;
}

document.addEventListener("change", async (event) => {
  const form = event.target.matches?.("[data-key]") ? event.target.closest("[data-sign]") : null;
  if (form === null || event.target.files.length === 0) return;
  const failed = form.querySelector("[data-failed]");
  failed.hidden = true;
  try {
    form.elements.signed.value = await signed(form, await event.target.files[0].text());
  } catch {
    failed.hidden = false; // no such key, or a browser that knows no Ed25519
  }
  event.target.value = "";
});
