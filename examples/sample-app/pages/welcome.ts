import { html } from './html.ts'
import { page } from './layout.ts'

/** What a visitor sees before signing in. */
export function welcomePage({ issuer }: { issuer: URL }): string {
  return page({
    title: 'Welcome',
    main: html`<section class="hero">
      <img src="/icon.svg" alt="" width="56" height="56" />
      <h1>See what a sign-in reveals</h1>
      <p>
        This app keeps no passwords: it sends you to <strong>${issuer.host}</strong>, which finds out who you
        are. Come back, and it lays open what it was told about you and how a protected API treats its token.
      </p>
      <p><a class="button" href="/login">Sign in</a></p>
    </section>`,
  })
}
