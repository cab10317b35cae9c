import type { Context, Middleware } from 'koa'
import { isLanguage, negotiate } from '../language/index.ts'
import type { Language } from '../language/index.ts'

/** For this long a choice made here outweighs what the app wishes: the picker must not seem broken. */
const FRESH_SECONDS = 15 * 60
const YEAR_SECONDS = 365 * 86_400

const cookieName = (ctx: Context) => (ctx.secure ? '__Host-cardea_language' : 'cardea_language')

/**
 * Finds out, before anything answers, in which language to speak: `ctx.state.language`. An address may carry `ui_locales`, as the
 * authorization and the logout endpoint do. Also says under which address this page is met again (`ctx.state.here`), for the picker.
 * `picker: false` leaves it out, on a listener without `languageRoute`.
 */
export function chooseLanguage({
  fallback,
  picker = true,
}: {
  fallback: Language
  picker?: boolean
}): Middleware {
  return async function chooseLanguage(ctx, next) {
    ctx.state.fallbackLanguage = fallback
    speak(ctx, { uiLocales: ctx.query['ui_locales'] })
    if (picker && ctx.method === 'GET') ctx.state.here = ctx.url
    await next()
  }
}

/**
 * Chooses anew when more is known: the app's wish (`ui_locales`), and the language in the account of whoever this is
 * (`users.locale`), which counts more than an old choice in a browser that several people may share.
 */
export function speak(
  ctx: Context,
  { uiLocales, locale }: { uiLocales?: unknown; locale?: string | null | undefined },
): void {
  const { language, fresh } = choiceIn(ctx)
  ctx.state.language = negotiate({
    uiLocales: fresh ? undefined : uiLocales,
    chosen: fresh ? [language] : [locale, language],
    accept: ctx.get('Accept-Language'),
    fallback: ctx.state.fallbackLanguage ?? 'en',
  })
}

/** Keeps a person's choice in this browser. The cookie says nothing else, and nothing is decided by it but words. */
export function rememberLanguage(ctx: Context, language: Language): void {
  ctx.cookies.set(cookieName(ctx), `${language}.${Math.floor(Date.now() / 1000)}`, {
    httpOnly: true,
    sameSite: 'lax',
    secure: ctx.secure,
    overwrite: true,
    path: '/',
    maxAge: YEAR_SECONDS * 1000,
  })
}

/** The language picked in this browser within the last quarter of an hour: the choice of the person who is here now. */
export function freshChoice(ctx: Context): Language | undefined {
  const { language, fresh } = choiceIn(ctx)
  return fresh ? language : undefined
}

function choiceIn(ctx: Context): { language: Language | undefined; fresh: boolean } {
  const [language, at] = (ctx.cookies.get(cookieName(ctx)) ?? '').split('.')
  const age = Math.floor(Date.now() / 1000) - Number(at)
  return isLanguage(language)
    ? { language, fresh: age >= 0 && age < FRESH_SECONDS }
    : { language: undefined, fresh: false }
}
