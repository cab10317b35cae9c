// Asks an authenticator for the forms of this page that carry `data-passkey`: `get` to sign in, `create` to make a passkey. The answer
// goes into the form's field `response`, and the form is sent like any other. Without this script the forms stay hidden.
const { SimpleWebAuthnBrowser: webauthn } = globalThis

const forms = [...document.querySelectorAll('form[data-passkey]')]
const works = webauthn?.browserSupportsWebAuthn() === true

for (const element of document.querySelectorAll('[data-with-passkeys]')) element.hidden = !works
for (const element of document.querySelectorAll('[data-without-passkeys]')) element.hidden = works
if (works) {
  for (const form of forms) prepare(form)
  await tellWhetherKept()
  await offerAtTheField()
}

function prepare(form) {
  form.hidden = false
  // Coming back to the page, some browsers put the old answer there again; it would be refused.
  window.addEventListener('pageshow', () => {
    form.elements.namedItem('response').value = ''
  })
  form.addEventListener('submit', (event) => {
    if (form.elements.namedItem('response').value !== '') return
    event.preventDefault()
    void ask(form)
  })
  // On a page where a code would do as well, the tick stands at the code and counts for both.
  form.addEventListener('formdata', ({ formData }) => {
    const trust = document.querySelector('input[name="trust"]:checked')
    if (trust) formData.set('trust', trust.value)
  })
}

async function ask(form, { autofill = false } = {}) {
  const failed = form.querySelector('[data-passkey-failed]')
  const optionsJSON = JSON.parse(form.dataset.options)
  failed.hidden = true
  if (!autofill) form.setAttribute('aria-busy', 'true')
  try {
    const answer =
      form.dataset.passkey === 'create'
        ? await webauthn.startRegistration({ optionsJSON })
        : await webauthn.startAuthentication({ optionsJSON, useBrowserAutofill: autofill })
    form.elements.namedItem('response').value = JSON.stringify(answer)
    form.requestSubmit()
  } catch (error) {
    // What the browser's own list at the field comes to is nobody's failure: nothing was asked for aloud.
    if (!autofill) failed.hidden = false
    console.info(`No passkey: ${error?.name ?? 'unknown'}`)
  } finally {
    form.removeAttribute('aria-busy')
  }
}

// A device that can verify who holds it may be offered to keep a passkey once its user has signed in otherwise.
async function tellWhetherKept() {
  const fields = document.querySelectorAll('input[name="passkeys"]')
  if (fields.length === 0 || !(await webauthn.platformAuthenticatorIsAvailable())) return
  for (const field of fields) field.value = 'yes'
}

// The browser lists the passkeys of this site at the field of the name, from the first visit on.
async function offerAtTheField() {
  const form = forms.find(({ dataset }) => 'autofill' in dataset)
  if (form && (await webauthn.browserSupportsWebAuthnAutofill())) await ask(form, { autofill: true })
}
