import { createWardrobe } from '../clients/index.ts'
import { createAssets, createRenderer } from '../http/index.ts'
import type { Assets, createMetrics, Render } from '../http/index.ts'
import type { PasswordRules } from '../users/index.ts'
import { ownTemplates, viewsDir } from './own-templates.ts'
import { passwordRules } from './password-rules.ts'
import type { AppDeps } from './parts.ts'

export type Pages = {
  assets: Assets
  /** Which theme each app's pages wear. */
  wardrobe: ReturnType<typeof createWardrobe>
  /** What new passwords are held to, and what their pages say of it. */
  rules: PasswordRules
  render: Render
  own: ReturnType<typeof ownTemplates>
}

/** Everything that makes pages: templates (ours, and an operator's over them), stylesheets, themes, the rules that forms show. */
export function createPages(
  { config, database, logger }: Pick<AppDeps, 'config' | 'database' | 'logger'>,
  metrics: ReturnType<typeof createMetrics>,
): Pages {
  const assets = createAssets(new URL('../../public', import.meta.url).pathname)
  const own = ownTemplates(config, logger)
  const wardrobe = createWardrobe(database.prisma)
  const rules = passwordRules(config, (outcome, error) => {
    metrics.breachedPasswords.inc({ outcome })
    if (error) logger.warn({ error: String(error) }, 'leaked passwords could not be looked up')
  })
  const render = createRenderer({
    ...{ viewsDir, assets, issuerName: config.looks.name },
    ...own,
    dressFor: (clientId) => wardrobe.dressFor(clientId),
    passwordRules: rules,
  })
  return { assets, wardrobe, rules, render, own }
}
