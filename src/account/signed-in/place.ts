import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { Reader } from 'mmdb-lib'
import type { CityResponse } from 'mmdb-lib'
import type { Language } from '../../language/index.ts'

/** Where an address roughly is, in words of a language; null when nobody knows. */
export type FindPlace = (ip: string | null, language: Language | undefined) => string | null

/**
 * Looks addresses up in a MaxMind database in memory: nobody else is asked. Without a file nothing has a place. Throws when there is no
 * such file, or when it is none of these databases: better at the start than on somebody's page.
 */
export function createFindPlace(file: string | undefined): FindPlace {
  if (file === undefined) return () => null
  const reader = new Reader<CityResponse>(readFileSync(file))
  return (ip, language = 'en') => {
    const found = ip === null ? null : lookUp(reader, ip)
    if (!found) return null
    const name = (names: object | undefined) => nameIn({ ...names }, language)
    const parts = [name(found.city?.names), name((found.country ?? found.registered_country)?.names)]
    return parts.filter((part) => part !== undefined).join(', ') || null
  }
}

/** A place in a language, else in English: these files have not all of ours. */
function nameIn(names: Partial<Record<string, string>>, language: Language): string | undefined {
  return names[language === 'pt' ? 'pt-BR' : language] ?? names['en']
}

/** What the file has on an address; a text that is none, or of a version that the file does not know, is nowhere. */
function lookUp(reader: Reader<CityResponse>, ip: string): CityResponse | null {
  const version = isIP(ip)
  return version === 0 || version > reader.metadata.ipVersion ? null : reader.get(ip)
}
