/** Passkeys: ask the server, ask the browser, answer the server. */

/** @param {string} url @param {Record<string, string>} fields */
async function post(url, fields) {
  const response = await fetch(url, { method: "POST", body: new URLSearchParams(fields), headers: { accept: "application/json" } });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? "This failed. Try again.");
  return answer;
}

/** @param {HTMLElement} button */
async function register(button) {
  const csrf = button.dataset.csrf ?? "";
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(await post("/account/passkey/ask", { csrf }));
  const made = /** @type {PublicKeyCredential} */ (await navigator.credentials.create({ publicKey }));
  return post("/account/passkey", { csrf, credential: JSON.stringify(made.toJSON()) });
}

/** @param {HTMLElement} button */
async function signIn(button) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(await post("/login/passkey/ask", {}));
  const found = /** @type {PublicKeyCredential} */ (await navigator.credentials.get({ publicKey }));
  const credential = JSON.stringify(found.toJSON());
  return post("/login/passkey", { credential, to: button.dataset.to ?? "/" });
}

const able = "PublicKeyCredential" in window && "parseCreationOptionsFromJSON" in PublicKeyCredential;
for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-passkey]"))) {
  const status = button.parentElement?.parentElement?.querySelector("[data-passkey-status]") ?? document.createElement("p");
  button.disabled = !able;
  if (!able) status.textContent = "This browser has no passkeys. Use a password.";
  button.addEventListener("click", async () => {
    button.disabled = true;
    status.textContent = "Your device asks you now.";
    try {
      const { to } = await (button.dataset.passkey === "register" ? register(button) : signIn(button));
      location.assign(to);
    } catch (error) {
      const stopped = error instanceof DOMException;
      status.textContent = stopped ? "Nothing was done: the device said no, or the question was closed." : /** @type {Error} */ (error).message;
      button.disabled = false;
    }
  });
}
