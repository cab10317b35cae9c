import type { Context } from 'koa'
import { ownCookie } from '../../http/index.ts'
import { text } from '../../language/index.ts'
import type { Text } from '../../language/index.ts'

const notices = {
  repeat: text('account:self.notice.repeat'),
  pressAgain: text('account:self.notice.pressAgain'),
  notConfirmed: text('account:self.notice.notConfirmed'),
  meanwhile: text('account:self.notice.meanwhile'),
  gone: text('account:self.notice.gone'),
  profileSaved: text('account:self.notice.profileSaved'),
  passwordChanged: text('account:self.notice.passwordChanged'),
  totpAdded: text('account:self.notice.totpAdded'),
  totpGone: text('account:self.notice.totpGone'),
  passkeyAdded: text('account:self.notice.passkeyAdded'),
  factorRenamed: text('account:self.notice.factorRenamed'),
  factorRemoved: text('account:self.notice.factorRemoved'),
  lastFactor: text('account:self.notice.lastFactor'),
  codesSaved: text('account:self.notice.codesSaved'),
  codesReplaced: text('account:self.notice.codesReplaced'),
  browserForgotten: text('account:self.notice.browserForgotten'),
  browsersForgotten: text('account:self.notice.browsersForgotten'),
  sessionEnded: text('account:self.notice.sessionEnded'),
  othersEnded: text('account:self.notice.othersEnded'),
  appWithdrawn: text('account:self.notice.appWithdrawn'),
} satisfies Record<string, Text>

/** What the next page says once. */
export type Notice = keyof typeof notices

const SECONDS = 120
const cookie = ownCookie('cardea_notice', { path: '/account' })

/** Leaves a word for the page that the answer leads to: whatever instance shows it, once. */
export function leaveNotice(ctx: Context, notice: Notice): void {
  cookie.set(ctx, notice, { seconds: SECONDS })
}

/** The word that was left, which is gone with this answer. */
export function takeNotice(ctx: Context): Text | undefined {
  const notice = cookie.get(ctx)
  if (notice === undefined) return undefined
  cookie.clear(ctx)
  return isNotice(notice) ? notices[notice] : undefined
}

export function isNotice(value: unknown): value is Notice {
  return typeof value === 'string' && Object.hasOwn(notices, value)
}
