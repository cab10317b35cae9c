import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { languages } from './languages.ts'
import type { Language } from './languages.ts'
import { namespaces } from './text.ts'

/** Texts of one file: nested objects with sentences at their ends. */
export type Texts = { [name: string]: string | Texts }
export type Catalogues = Record<Language, Record<string, Texts>>

const localesDir = join(import.meta.dirname, '../../locales')

/** Reads every catalogue, once, at the start. A file that cannot be read throws with its name; what another
 * language lacks is left to English. */
export function readCatalogues(dir = localesDir): Catalogues {
  const read = (language: Language, namespace: string): Texts => {
    const path = join(dir, language, `${namespace}.json`)
    if (language !== 'en' && !existsSync(path)) return {}
    try {
      return JSON.parse(readFileSync(path, 'utf8')) as Texts
    } catch (error) {
      throw new Error(`The texts in ${path} cannot be read: ${String(error)}`, { cause: error })
    }
  }
  return Object.fromEntries(
    languages.map((language) => [
      language,
      Object.fromEntries(namespaces.map((namespace) => [namespace, read(language, namespace)])),
    ]),
  ) as Catalogues
}
