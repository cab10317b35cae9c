import type { AccountDeps } from '../deps.ts'

/** What pages need that a mail leads to. */
export type ByMailDeps = Pick<
  AccountDeps,
  'database' | 'hasher' | 'passwordRules' | 'registration' | 'render' | 'sealer' | 'keys'
> & {
  /** Whether mails go anywhere; without them there is no registration and no forgotten password but through an operator. */
  hasMail: boolean
}
