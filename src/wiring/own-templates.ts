import type { Logger } from 'pino'
import type { Config } from '../config/index.ts'
import { readOverrides } from '../http/index.ts'
import type { Override } from '../http/index.ts'

/** Where the templates are that we ship. */
export const viewsDir = `${new URL('../..', import.meta.url).pathname}views`

/**
 * The templates of an operator's own, as the renderer takes them. The log says which were made from older ones of ours; one that
 * cannot be used stops the start (`ViewError`).
 */
export function ownTemplates(
  { looks }: Pick<Config, 'looks'>,
  logger: Logger,
): { overrides: Override[]; onOverrideFailure: (view: string, error: unknown) => void } {
  const overrides = looks.viewsDir === undefined ? [] : readOverrides(viewsDir, looks.viewsDir)
  for (const { path, state } of overrides)
    if (state !== 'current')
      logger.warn(
        { template: path, state },
        'this template was not made from the one that is shipped now: cardea views check',
      )
  return {
    overrides,
    onOverrideFailure: (view, error) =>
      logger.error(
        { view, error: String(error) },
        'a template of your own failed; the page was shown, or the mail sent, as shipped',
      ),
  }
}
