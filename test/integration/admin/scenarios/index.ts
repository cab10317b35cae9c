import type { Scenario } from '../../../support/admin-scenario.ts'
import { auditScenarios } from './audit.ts'
import { blockScenarios } from './blocks.ts'
import { clientScenarios } from './clients.ts'
import { inForceScenarios } from './in-force.ts'
import { jobScenarios } from './jobs.ts'
import { mailScenarios } from './mails.ts'
import { resourceServerScenarios } from './resource-servers.ts'
import { revocationScenarios } from './revocations.ts'
import { signingKeyScenarios } from './signing-keys.ts'
import { streamScenarios } from './streams.ts'
import { themeScenarios } from './themes.ts'
import { userScenarios } from './users.ts'
import { webhookScenarios } from './webhooks.ts'

/** One for each operation: without it the operation's answers would be documented and never seen. */
export const scenarios: Record<string, Scenario> = {
  ...auditScenarios,
  ...blockScenarios,
  ...revocationScenarios,
  ...clientScenarios,
  ...inForceScenarios,
  ...resourceServerScenarios,
  ...jobScenarios,
  ...mailScenarios,
  ...signingKeyScenarios,
  ...streamScenarios,
  ...themeScenarios,
  ...userScenarios,
  ...webhookScenarios,
}
