// Pages that say one thing and offer one way on.
import type { Refusal } from '../issuer.ts'
import { html, type Html } from './html.ts'
import { page } from './layout.ts'

interface Action {
  href: string
  label: string
}

/** A title, a sentence and a way on. */
export function messagePage(message: { title: string; text: string; detail?: Html; action: Action }): string {
  const { title, text, detail, action } = message
  return page({
    title,
    main: html`<section class="hero">
      <h1>${title}</h1>
      <p>${text}</p>
      ${detail}
      <p><a class="button" href="${action.href}">${action.label}</a></p>
    </section>`,
  })
}

/** The issuer did not answer. */
export function issuerSilentPage({ again }: { again: string }): string {
  return messagePage({
    title: 'The sign-in server is not answering',
    text: 'It may still be starting. Nothing is lost: wait a moment and try again.',
    action: { href: again, label: 'Try again' },
  })
}

/** A sign-in that ended without a user. */
export function refusedPage(refusal: Refusal, { again }: { again: string }): string {
  const known = REASONS[refusal.code]
  const fallback = refusal.reason === 'untrusted' ? UNTRUSTED : OTHER
  return messagePage({
    ...(known ?? fallback),
    detail: html`<p class="fine"><code>${refusal.code}</code> ${refusal.detail}</p>`,
    action: { href: again, label: 'Try again' },
  })
}

const OTHER = { title: 'Sign-in did not work', text: 'The sign-in server turned the request down.' }
const UNTRUSTED = {
  title: 'The answer could not be trusted',
  text: 'Something in it did not match the question, so this app did not sign you in.',
}

const REASONS: Record<string, { title: string; text: string }> = {
  access_denied: {
    title: 'You said no, and that is fine',
    text: 'Nothing was shared with this app. You can change your mind at any time.',
  },
  login_required: {
    title: 'You are not signed in yet',
    text: 'The sign-in server would have to ask you first.',
  },
  consent_required: {
    title: 'Your approval is missing',
    text: 'The sign-in server would have to ask you what this app may see.',
  },
  interaction_required: {
    title: 'One more step is needed',
    text: 'The sign-in server would have to ask you first.',
  },
}
