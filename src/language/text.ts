import type account from '../../locales/en/account.json'
import type consent from '../../locales/en/consent.json'
import type device from '../../locales/en/device.json'
import type errors from '../../locales/en/errors.json'
import type layout from '../../locales/en/layout.json'
import type mail from '../../locales/en/mail.json'
import type passwords from '../../locales/en/passwords.json'
import type register from '../../locales/en/register.json'
import type scopes from '../../locales/en/scopes.json'
import type security from '../../locales/en/security.json'
import type signin from '../../locales/en/signin.json'

type Catalogue = {
  account: typeof account
  consent: typeof consent
  device: typeof device
  errors: typeof errors
  layout: typeof layout
  mail: typeof mail
  passwords: typeof passwords
  register: typeof register
  scopes: typeof scopes
  security: typeof security
  signin: typeof signin
}

/** The files of a language: `locales/<language>/<namespace>.json`. */
export const namespaces = Object.keys({
  account: true,
  consent: true,
  device: true,
  errors: true,
  layout: true,
  mail: true,
  passwords: true,
  register: true,
  scopes: true,
  security: true,
  signin: true,
} satisfies Record<keyof Catalogue, true>) as (keyof Catalogue)[]

type PluralForm = 'zero' | 'one' | 'two' | 'few' | 'many' | 'other'
type WithoutForm<K extends string> = K extends `${infer Base}_${PluralForm}` ? Base : K
type Paths<T> = {
  [K in keyof T & string]: T[K] extends string ? WithoutForm<K> : `${K}.${Paths<T[K]>}`
}[keyof T & string]

/** Every text there is, as `namespace:path.to.key`: read from the English files, so that a wrong key does not compile. */
export type TextKey = { [N in keyof Catalogue]: `${N}:${Paths<Catalogue[N]>}` }[keyof Catalogue]

/** `count` (a number) chooses the plural form. Numbers and dates are written as the language does; strings are printed as they are. */
export type TextValues = Record<string, string | number | Date>

/** Something said, not yet in words: it becomes a sentence when a page or a mail is made. */
export type Text = { key: TextKey; values?: TextValues }

/** Says something. `text('errors:throttled.minutes', { count: 5 })` */
export function text(key: TextKey, values?: TextValues): Text {
  return values === undefined ? { key } : { key, values }
}
