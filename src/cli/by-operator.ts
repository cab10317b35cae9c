import type { By } from '../audit/index.ts'

/** Who did it, as the audit trail tells it: whoever can run this command beside the database. */
export const byOperator: By = { actor: { via: 'cli' } }
