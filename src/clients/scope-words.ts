import { z } from 'zod'
import { record } from '../audit/index.ts'
import type { By } from '../audit/index.ts'
import type { Db } from '../db/index.ts'
import { isLanguage } from '../language/index.ts'
import { peoplesWords } from './resource-metadata.ts'
import { ANY_LANGUAGE, worded } from './words.ts'

/** A scope of OpenID or a claim as an operator words it, in one language or for all that have no words of their own. */
export type ScopeWording = {
  kind: 'scope' | 'claim'
  name: string
  /** One of our languages, or `default`. */
  language: string
  title: string
  description: string
}

/** What may be said there. */
export const scopeWordingSchema = z.strictObject({ title: peoplesWords(100), description: peoplesWords(200) })

type Place = Pick<ScopeWording, 'kind' | 'name' | 'language'>

/** Whether there is anything at this place to be worded: a scope or claim this server has, in a language it speaks. */
export function isWorded({
  kind,
  name,
  language,
}: {
  kind: string
  name: string
  language: string
}): boolean {
  if (kind !== 'scope' && kind !== 'claim') return false
  return worded[kind].includes(name) && (language === ANY_LANGUAGE || isLanguage(language))
}

/** Everything an operator has worded, by kind, name and language. There is no more of it than scopes, claims and languages. */
export async function listScopeWords(db: Db): Promise<ScopeWording[]> {
  const rows = await db.scopeWords.findMany({
    orderBy: [{ kind: 'asc' }, { name: 'asc' }, { language: 'asc' }],
  })
  return rows.map((row) => ({ ...row, kind: row.kind === 'claim' ? 'claim' : 'scope' }))
}

/** Words a scope or claim of `isWorded`, instead of what was there; recorded. */
export async function putScopeWords(db: Db, wording: ScopeWording, by: By = {}): Promise<void> {
  const { kind, name, language, title, description } = wording
  await db.scopeWords.upsert({
    where: { kind_name_language: { kind, name, language } },
    create: { kind, name, language, title, description },
    update: { title, description },
  })
  await record(db, { type: 'scope_words.updated', detail: { kind, name, language, title }, ...by })
}

/** Takes an operator's words back, so that ours are read again. Refuses what was never worded. */
export async function deleteScopeWords(
  db: Db,
  { kind, name, language }: Place,
  by: By = {},
): Promise<boolean> {
  const { count } = await db.scopeWords.deleteMany({ where: { kind, name, language } })
  if (count === 0) return false
  await record(db, { type: 'scope_words.deleted', detail: { kind, name, language }, ...by })
  return true
}
