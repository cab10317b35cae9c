// The page of the API's protected part: the invoices, or what the API says to whoever may not see them.
import { html, type Html } from './html.ts'
import { page } from './layout.ts'
import type { ApiAnswer } from './signed-in.ts'

/** Shows what the API answered. */
export function invoicesPage(answer: ApiAnswer): string {
  return page({
    title: 'Invoices',
    main: html`
      <h1>Your invoices</h1>
      <section class="card" id="invoices" data-status="${answer.status ?? 'none'}">${shown(answer)}</section>
      <p><a href="/">Back to the start</a></p>
    `,
  })
}

/** What somebody sees whose new sign-in was not what the API wants either: another of the same kind would end here again. */
export function stillRefusedPage({ again }: { again: string }): string {
  return page({
    title: 'Invoices',
    main: html`
      <h1>Your invoices</h1>
      <section class="card" id="invoices" data-status="401">
        <p>You have just signed in for this, and the API still wants a stronger or a fresher sign-in.</p>
        <p><a class="button" href="${again}">Try again</a></p>
      </section>
      <p><a href="/">Back to the start</a></p>
    `,
  })
}

function shown(answer: ApiAnswer): Html {
  if (answer.status === undefined) return html`<p>${answer.reason}</p>`
  if (answer.status === 200) return html`<pre>${answer.body}</pre>`
  return html`<p>The API turned this app away and said why:</p>
    <pre>${answer.challenge || answer.body}</pre>`
}
