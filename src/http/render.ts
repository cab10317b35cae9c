/**
 * Hosted pages: typed data in, HTML out. Templates are Eta files an operator may replace; everything they print is
 * escaped. This file decides nothing about sign-in: which page is shown, and with what, is the caller's business.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { Eta } from 'eta'

/** The app that asks. Links are shown only when they are http(s); logoUri never is: pages load nothing from elsewhere. */
export interface ClientView {
  name: string
  uri?: string | undefined
  logoUri?: string | undefined
  policyUri?: string | undefined
  tosUri?: string | undefined
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
  error?: string | undefined
  /** Trouble that no field can cure (too many tries, busy): shown in the summary alone. */
  problem?: string | undefined
  abortAction?: string | undefined
}

/**
 * One scope on the consent page. Not optional: a fixed line, sent along on Allow. Optional: a checkbox.
 * `isNew` marks it "New" unless this is the first time the app asks.
 */
export interface ScopeView {
  name: string
  title: string
  description: string
  optional: boolean
  isNew: boolean
  checked: boolean
}

/** The data of each page, by the name of its template. */
export interface Views {
  /** Posts `email`, `password`. `resetHint` says in a sentence how to get a new password. */
  login: FormPage & { email?: string | undefined; resetHint?: string | undefined }
  /** Posts `code`. `recoveryAction` is a link to the recovery-code page. */
  totp: FormPage & { email: string; recoveryAction?: string | undefined }
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
  }
  /** Posts `code`. `totpAction` is a link back to the page for the app's code. */
  'recovery-code': FormPage & { email?: string | undefined; totpAction?: string | undefined }
  /** Shows the codes this one time; posts `saved=yes`. `email` labels the printed sheet. */
  'recovery-codes': FormPage & { codes: string[]; email?: string | undefined }
  /**
   * Posts `decision=allow|deny`, `scope` (one per scope) and `resource_scope` ("identifier scope", one per resource's
   * scope). `offline` shows a line of its own and sends `scope=offline_access`: leave that scope out of `scopes`.
   */
  consent: FormPage & {
    email: string
    client: ClientView
    /** Host (or app) the browser goes to after the decision; empty when a device is waiting for it. */
    redirectHost: string
    scopes: ScopeView[]
    resources: { name: string; identifier: string; scopes: ScopeView[] }[]
    offline: boolean
    firstTime: boolean
  }
  /** One form per account: posts `decision=continue` (current) or `another`, with `email`; a last one `another` without. */
  'select-account': FormPage & {
    accounts: { email: string; name?: string | undefined; current: boolean }[]
  }
  /** Posts `xsrf`, and `logout=yes` only when signing out; staying posts the same form without it. */
  logout: Page & { action: string; xsrf: string; email?: string | undefined }
  /** `stayed`: the person kept the session here and left only the client. */
  'logged-out': Page & { returnUri?: string | undefined; stayed?: boolean | undefined }
  /** Posts `xsrf`, `user_code`. */
  device: FormPage & { xsrf: string; userCode?: string | undefined }
  /** Posts `xsrf`, `user_code`, and `confirm=yes` or `abort=yes`. */
  'device-confirm': FormPage & { xsrf: string; userCode: string; client: ClientView }
  'device-answered': Page & { allowed: boolean }
  /** Posts `ticket`, `password`. `invited` greets somebody who has none yet. `email` tells password managers whose it is. */
  'set-password': FormPage & { email: string; ticket: string; invited: boolean }
  'password-set': Page
  /** An API's reference, for operators. */
  'api-docs': Page & { api: ApiDocument }
  /** Every dead end. `reference` is the request id people can quote; `startAgainUri` is the way out: "Go on" when `finished`. */
  error: Page & {
    title: string
    message: string
    hint?: string | undefined
    code?: string | undefined
    reference?: string | undefined
    startAgainUri?: string | undefined
    finished?: boolean | undefined
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

/** Turns a page's data into its HTML. Throws only if a template is broken. */
export type Render = <V extends keyof Views>(view: V, data: Views[V]) => string

/** A file under its hashed path; the body never changes under that path, so it may be cached for ever. */
export interface Asset {
  body: Buffer
  type: string
  etag: string
}

export interface Assets {
  /** The path of an asset, `app.css` → `/assets/app.<hash>.css`. Throws on a name that does not exist. */
  href: (name: string) => string
  /** The asset served at a request path, or undefined. Matches whole paths, so no path can climb out. */
  find: (path: string) => Asset | undefined
}

const viewNames = Object.keys({
  login: true,
  totp: true,
  'totp-enrol': true,
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
  'api-docs': true,
  error: true,
} satisfies Record<keyof Views, true>)

const mediaTypes: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
}

/** Reads the files of `publicDir` once and gives each a path that carries a digest of its content. */
export function createAssets(publicDir: string): Assets {
  const paths = new Map<string, string>()
  const files = new Map<string, Asset>()
  for (const entry of readdirSync(publicDir, { withFileTypes: true })) {
    const extension = extname(entry.name)
    const type = mediaTypes[extension]
    if (!entry.isFile() || type === undefined) continue
    const body = readFileSync(join(publicDir, entry.name))
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16)
    const path = `/assets/${entry.name.slice(0, -extension.length)}.${hash}${extension}`
    paths.set(entry.name, path)
    files.set(path, { body, type, etag: `"${hash}"` })
  }
  return {
    href(name) {
      const path = paths.get(name)
      if (path === undefined) throw new Error(`No asset named ${name} in ${publicDir}`)
      return path
    },
    find: (path) => files.get(path),
  }
}

/**
 * Makes the renderer of the hosted pages. Every template is compiled here, so a missing or broken one stops the start
 * and not somebody's sign-in; a changed file is seen after a restart.
 */
export function createRenderer({
  viewsDir,
  assets,
  issuerName = 'Cardea',
}: {
  viewsDir: string
  assets: Assets
  issuerName?: string
}): Render {
  const eta = new Eta({ views: viewsDir, autoEscape: true, cache: true })
  for (const view of ['layout', ...viewNames]) {
    const filepath = eta.resolvePath(view)
    eta.templatesSync.define(filepath, eta.compile(eta.readFile(filepath), { filepath }))
  }
  // Helpers come last: no page's data can take their place.
  return (view, data) =>
    eta.render(view, {
      ...data,
      issuerName: data.issuerName ?? issuerName,
      asset: assets.href,
      link: outboundLink,
      appLink: otpauthLink,
      image: imageSource,
      initial,
      groups: groupsOfFour,
      textFile,
    })
}

/**
 * An address fit for a link, or undefined. Clients register these, so only web addresses, a native app's private-use
 * scheme (RFC 8252 §7.1: it contains a dot) and our own paths pass; `javascript:` and its kin do not.
 */
function outboundLink(uri: string | undefined): string | undefined {
  if (uri === undefined) return undefined
  if (/^\/(?![/\\])/.test(uri)) return uri
  if (!URL.canParse(uri)) return undefined
  const { protocol, href } = new URL(uri)
  return protocol === 'https:' || protocol === 'http:' || protocol.includes('.') ? href : undefined
}

function otpauthLink(uri: string): string | undefined {
  return uri.startsWith('otpauth://') ? uri : undefined
}

function imageSource(svg: string): string {
  return svg.startsWith('data:image/')
    ? svg
    : `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** The letter on the client's tile: the first letter or digit of its name, else the first sign. */
function initial(name: string): string {
  const signs = Array.from(graphemes.segment(name.trim()), ({ segment }) => segment)
  return (signs.find((sign) => /[\p{L}\p{N}]/u.test(sign)) ?? signs[0] ?? '?').toUpperCase()
}

function groupsOfFour(secret: string): string[] {
  return secret.replaceAll(/\s/g, '').match(/.{1,4}/g) ?? []
}

function textFile(lines: string[]): string {
  return `data:text/plain;charset=utf-8,${encodeURIComponent(lines.join('\r\n') + '\r\n')}`
}
