import type { Text } from '../language/index.ts'
import { accountViewNames } from './account-views.ts'
import type { AccountViews } from './account-views.ts'

/** The app that asks. Links are shown only when they are http(s); a logo only from below /logos/: pages load nothing from elsewhere. */
export interface ClientView {
  /** Whose looks the page takes on. */
  id?: string | undefined
  name: string
  uri?: string | undefined
  logoUri?: string | undefined
  policyUri?: string | undefined
  tosUri?: string | undefined
}

/** How a page looks: what its operator has set, and addresses of ours. */
export interface Dress {
  /** What people know this server by, here. */
  name?: string | undefined
  stylesheet?: string | undefined
  /** Width and height in pixels, as the picture has them. */
  logo?: { href: string; width: number; height: number } | undefined
  links: {
    help?: string | undefined
    privacy?: string | undefined
    terms?: string | undefined
    imprint?: string | undefined
  }
}

/** What every page may carry. `csrf` goes into each form as a hidden input of that name. */
export interface Page {
  csrf?: string | undefined
  client?: ClientView | undefined
  /** The name people know this server by; the renderer's own when absent. */
  issuerName?: string | undefined
}

/** A page with a form. `abortAction` adds a second form that posts `decision=cancel`: "Back to the app". */
export interface FormPage extends Page {
  action: string
  /** What is wrong with what was entered, and what to do: shown at the field, pointed to by the summary. */
  error?: Text | undefined
  /** Trouble that no field can cure (too many tries, busy): shown in the summary alone. */
  problem?: Text | undefined
  abortAction?: string | undefined
}

/**
 * One line of the consent page. Not optional: a fixed line, sent along on Allow. Optional: a checkbox. `input` and `value` are what
 * the form sends. `isNew` marks it "New" unless this is the first time the app asks.
 */
export interface ScopeView {
  input: 'scope' | 'resource_scope'
  value: string
  title: string
  description: string
  notes: Text[]
  optional: boolean
  isNew: boolean
  checked: boolean
}

/** Lines that belong together: those of an API, or without one those about the account. */
export interface ScopeSection {
  resource?: { name: string; identifier: string }
  lines: ScopeView[]
}

/**
 * What a page needs that asks an authenticator: `options` is the JSON for the browser, `action` takes its answer as `response`. Shown only
 * where the browser knows passkeys and runs our script, so the page must answer with `ctx.state.scripts`.
 */
export interface PasskeyForm {
  action: string
  options: string
}

/** The data of each page, by the name of its template. */
export interface Views extends AccountViews {
  /** Posts `email`, `password`. */
  login: FormPage & {
    email?: string | undefined
    /** Signs in without a name and a password, also from the browser's own list at the field. */
    passkey?: PasskeyForm | undefined
    /** Links to the pages for a new account and for a forgotten password. */
    registerUri?: string | undefined
    forgotUri?: string | undefined
    /** Where "send a code" posts `email`, for somebody who has to wait. */
    unlockAction?: string | undefined
  }
  /** Posts `code`, from a mail, so that this browser need not wait. `signInAction` is a link back to the sign-in. */
  unlock: FormPage & { email: string; signInAction: string }
  /** Posts `code`. `recoveryAction` is a link to the recovery-code page. */
  totp: FormPage & {
    email: string
    recoveryAction?: string | undefined
    /** In place of the code. */
    passkey?: PasskeyForm | undefined
    /** For how many days the checkbox `trust=yes`, of either form, lets this browser skip both; absent: never. */
    trustDays?: number | undefined
  }
  /**
   * Posts `code`; with `skipAction` a second form posts `decision=skip`. `qrSvg` is SVG markup or a `data:image/` URI
   * (shown as an image, so nothing in it runs); `secret` is base32, grouped in fours by the page; `uri` is otpauth:.
   */
  'totp-enrol': FormPage & {
    email: string
    qrSvg: string
    secret: string
    uri: string
    skipAction?: string | undefined
    /** Makes one instead. */
    passkey?: PasskeyForm | undefined
  }
  /** A passkey as the second factor, for somebody who has no authenticator app. */
  passkey: FormPage & {
    email: string
    passkey: PasskeyForm
    recoveryAction?: string | undefined
    /** For how many days the checkbox `trust=yes` lets this browser skip it; absent: never. */
    trustDays?: number | undefined
  }
  /** Makes a passkey that the sign-in cannot do without. */
  'passkey-enrol': FormPage & { email: string; passkey: PasskeyForm }
  /** Offers to make a passkey; posts `decision=later`. */
  'passkey-offer': FormPage & { email: string; passkey: PasskeyForm }
  /** Posts `code`. `totpAction` is a link back to the page for the app's code. */
  'recovery-code': FormPage & {
    email?: string | undefined
    totpAction?: string | undefined
    /** That page asks for a passkey. */
    byPasskey?: boolean | undefined
  }
  /**
   * Shows the codes this one time; posts `saved=yes`. `email` labels the printed sheet. `replaced`: others were made in another window,
   * and those shown before are no good; posts `replaced=yes`.
   */
  'recovery-codes': FormPage & { codes: string[]; replaced?: boolean; email?: string | undefined }
  /**
   * Posts `decision=allow|deny`, `scope` (one per scope, `claim:name` for a claim) and `resource_scope` ("identifier scope", one
   * per resource's scope).
   */
  consent: FormPage & {
    email: string
    client: ClientView
    /** Host (or app) the browser goes to after the decision; empty when a device is waiting for it. */
    redirectHost: string
    /** The host of its own pages; empty when it names none. */
    siteHost: string
    /** The operator knows who runs it. */
    verified: boolean
    /** What has not been allowed yet. */
    asked: ScopeSection[]
    /** What was allowed before. */
    known: ScopeSection[]
    firstTime: boolean
  }
  /** One form per account: posts `decision=continue` (current) or `switch`, with `email`; a last one `another` without. */
  'select-account': FormPage & {
    accounts: { email: string; name?: string | undefined; current: boolean }[]
    /** The app asks for somebody in particular, and others who are signed in here are left out. */
    othersHidden?: boolean | undefined
  }
  /** Posts `xsrf`, `logout=yes` only when signing out, and `accounts=all` when the others, named by their addresses, are meant too. */
  logout: Page & {
    action: string
    xsrf: string
    email?: string | undefined
    others?: readonly string[] | undefined
  }
  /** `stayed`: the person kept the session here and left only the client. */
  'logged-out': Page & { returnUri?: string | undefined; stayed?: boolean | undefined }
  /** Posts `xsrf`, `user_code`. */
  device: FormPage & { xsrf: string; userCode?: string | undefined }
  /** Posts `xsrf`, `user_code`, and `confirm=yes` or `abort=yes`. */
  'device-confirm': FormPage & { xsrf: string; userCode: string; client: ClientView }
  'device-answered': Page & { allowed: boolean }
  /** Posts `ticket`, `password`. `invited` greets somebody who has none yet. `email` tells password managers whose it is. */
  'set-password': FormPage & { email: string; ticket: string; invited: boolean }
  /** Without `continueUri` it leads to the account pages, which ask for a sign-in. */
  'password-set': Page & { continueUri?: string | undefined }
  /** Posts `email`, `name`, `password`, `interaction`. `field` says where the error is. `domains`: whose addresses may register. */
  register: FormPage & {
    email?: string | undefined
    name?: string | undefined
    interaction?: string | undefined
    domains: string[]
    field?: 'email' | 'name' | 'password' | undefined
    backUri?: string | undefined
  }
  /** Posts `email`, `interaction`. */
  forgot: FormPage & {
    email?: string | undefined
    interaction?: string | undefined
    backUri?: string | undefined
  }
  /** Posts `code`. `intro` says what was mailed where. */
  'check-mail': FormPage & { intro: Text; againUri: string; backUri?: string | undefined }
  /** Behind the link of a mail: posts `ticket`. */
  'confirm-address': FormPage & { email: string; ticket: string; isNew: boolean }
  /** The account is there. `continueUri` is the sign-in under way. */
  registered: Page & { continueUri?: string | undefined }
  'address-changed': Page
  /** An API's reference, for operators. */
  'api-docs': Page & { api: ApiDocument }
  /** The mails of a development server. */
  mailbox: Page & { mails: { id: string; recipient: string; subject: string; sentAt: Date }[] }
  /** One of them; parts of its text are links. */
  'mailbox-mail': Page & {
    mail: { id: string; recipient: string; subject: string; sentAt: Date }
    parts: { text: string; href?: string | undefined }[]
  }
  /** Every dead end. `reference` is the request id people can quote; `startAgainUri` is the way out: "Go on" when `finished`. */
  error: Page & {
    title: Text
    message: Text
    hint?: Text | undefined
    code?: string | undefined
    reference?: string | undefined
    startAgainUri?: string | undefined
    finished?: boolean | undefined
    /** Or back to the form, which may work a little later: "Try again". */
    againUri?: string | undefined
    /** Ways on that are our own pages: to sign in, for a forgotten password, for a new account. */
    signInUri?: string | undefined
    forgotUri?: string | undefined
    registerUri?: string | undefined
  }
}

/** One field of a schema, or one parameter, in words. */
export interface ApiField {
  name: string
  type: string
  required: boolean
  description?: string | undefined
}

/** An API as its page shows it. `schema` names one of `schemas`, to be linked; everything else is text. */
export interface ApiDocument {
  title: string
  version: string
  description: string
  groups: {
    name: string
    description: string
    operations: {
      id: string
      method: string
      path: string
      summary: string
      description?: string | undefined
      scope: string
      parameters: ApiField[]
      body?: { type: string; schema?: string | undefined; example?: string | undefined } | undefined
      responses: {
        status: string
        description: string
        schema?: string | undefined
        example?: string | undefined
      }[]
    }[]
  }[]
  schemas: { name: string; type: string; fields: ApiField[] }[]
}

/** Every template there must be. */
export const viewNames = Object.keys({
  login: true,
  unlock: true,
  totp: true,
  'totp-enrol': true,
  passkey: true,
  'passkey-enrol': true,
  'passkey-offer': true,
  'recovery-code': true,
  'recovery-codes': true,
  consent: true,
  'select-account': true,
  logout: true,
  'logged-out': true,
  device: true,
  'device-confirm': true,
  'device-answered': true,
  'set-password': true,
  'password-set': true,
  register: true,
  forgot: true,
  'check-mail': true,
  'confirm-address': true,
  registered: true,
  'address-changed': true,
  'api-docs': true,
  mailbox: true,
  'mailbox-mail': true,
  error: true,
  ...accountViewNames,
} satisfies Record<keyof Views, true>)
