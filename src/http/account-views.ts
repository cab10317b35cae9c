import type { Language, Text } from '../language/index.ts'
import type { ClientView, Page } from './views.ts'

/** What each of the account pages carries. `notice` is said once, above everything; `error` belongs to the field, `problem` to none. */
export interface SelfFrame extends Page {
  me: { email: string; name: string | null }
  csrf: string
  notice?: Text | undefined
  error?: Text | undefined
  problem?: Text | undefined
}

/** A browser, as its owner knows it again. `handheld` chooses the picture. */
export interface DeviceView {
  words: Text
  handheld: boolean
  place: string | null
  ip: string | null
}

/** The data of the account pages. Forms post to the address of the page unless another is said here; each posts `csrf`. */
export interface AccountViews {
  'account/overview': SelfFrame & {
    factors: { totp: number; passkeys: number; recoveryCodes: number }
    sessions: number
    apps: number
    lastEvents: EventView[]
  }
  /** Posts `name`, `language`, `version`. */
  'account/profile': SelfFrame & {
    name: string
    language: Language | ''
    languages: { code: Language; name: string }[]
    emailVerified: boolean
    mayChangeEmail: boolean
    version: string
  }
  /** Posts `email`. `only`: the domains that it may be of, in words. */
  'account/email': SelfFrame & { email: string; only?: Text | undefined }
  /** Posts `current` (if `hasPassword`), `password`, `end_others`, `version`. `field` is the one that the error belongs to. */
  'account/change-password': SelfFrame & {
    hasPassword: boolean
    field: 'current' | 'password'
    version: string
  }
  'account/security': SelfFrame & {
    hasPassword: boolean
    totp: FactorView[]
    passkeys: (FactorView & { synced: boolean })[]
    recoveryCodes: number
    browsers: number
    mayAddTotp: boolean
    mayAddPasskey: boolean
  }
  /** Posts `code`, `name`, `end_others`. */
  'account/totp-add': SelfFrame & { action: string; qrSvg: string; secret: string; uri: string; name: string }
  /** Posts `name` to `…/rename`, `end_others` to `…/remove`. */
  'account/factor': SelfFrame & { at: string; kind: 'totp' | 'passkey'; factor: FactorView; isLast: boolean }
  /** The script posts `response`, `name`, `end_others`. */
  'account/passkey-add': SelfFrame & { action: string; options: string }
  /** Posts `end_others`, `version`; or, when there are codes to show, `saved` to `savedAction`. */
  'account/recovery-codes': SelfFrame & {
    left: number
    codes: string[] | null
    savedAction: string
    version: string
  }
  'account/browsers': SelfFrame & {
    browsers: {
      id: string
      device: DeviceView
      lastUsedAt: Date
      skipsFactorUntil: Date | null
      current: boolean
    }[]
  }
  'account/sessions': SelfFrame & {
    sessions: {
      id: string
      device: DeviceView
      current: boolean
      startedAt: Date
      lastUsedAt: Date
    }[]
    hasMore: boolean
  }
  'account/apps': SelfFrame & { apps: AppView[]; former: FormerAppView[]; olderUri: string | null }
  /** Posts to `…/withdraw`. */
  'account/app': SelfFrame & { app: AppView; receipts: ReceiptView[] }
  'account/former-app': SelfFrame & { app: { client: ClientView }; receipts: ReceiptView[] }
  'account/activity': SelfFrame & { events: EventView[]; olderUri: string | null }
  'account/data': SelfFrame
  /** Posts `confirm` (the address, typed). */
  'account/delete': SelfFrame & { isLastOwner: boolean }
  /** A page for somebody who is not signed in, or not any more. */
  'account/ended': Page & { what: 'signedOut' | 'deleted' | 'notSignedIn' }
}

export interface FactorView {
  id: string
  name: string | null
  createdAt: Date
  lastUsedAt: Date | null
}

/** An app that may do something with the account, in the words of its consent page. */
export interface AppView {
  clientId: string
  client: ClientView
  /** One of the operator's own, whose users are not asked. */
  firstParty: boolean
  since: Date
  lastUsedAt: Date | null
  offline: boolean
  /** `at`: the API it is for. */
  may: { title: string; description: string; at?: string | undefined }[]
}

/** An app that may do nothing with the account any more, as it was named at the last decision about it. */
export interface FormerAppView {
  uri: string
  client: ClientView
  /** Null where nobody withdrew it. */
  withdrawnAt: Date | null
}

/** What was decided on a consent page, in the words that were read then. */
export interface ReceiptView {
  at: Date
  withdrawnAt: Date | null
  granted: string[]
  refused: string[]
  offline: boolean
}

export interface EventView {
  at: Date
  what: Text
  /** Whose doing it was, when it was not the person's own. */
  by?: Text | undefined
  device: DeviceView
  /** Whether the browser is known that it happened in. */
  known: boolean
  isAlert: boolean
}

export const accountViewNames = {
  'account/overview': true,
  'account/profile': true,
  'account/email': true,
  'account/change-password': true,
  'account/security': true,
  'account/totp-add': true,
  'account/factor': true,
  'account/passkey-add': true,
  'account/recovery-codes': true,
  'account/browsers': true,
  'account/sessions': true,
  'account/apps': true,
  'account/app': true,
  'account/former-app': true,
  'account/activity': true,
  'account/data': true,
  'account/delete': true,
  'account/ended': true,
} satisfies Record<keyof AccountViews, true>
