import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'

export const shippedViews = new URL('../../../views', import.meta.url).pathname

/** The folder of the operator's templates: as given, or as the server reads it. */
export function viewsFolder({ env }: Terminal, given: string | undefined): string {
  const dir = given ?? env['CARDEA_VIEWS_DIR']
  if (dir === undefined || dir.trim() === '')
    throw new Refusal('usage', 'Say where your templates are: set CARDEA_VIEWS_DIR, or give --dir.')
  return dir.trim()
}
