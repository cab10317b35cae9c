/** What somebody is told about their account, because somebody did it. */
export type SecurityNotice =
  | 'password_changed'
  | 'email_changed'
  | 'totp_added'
  | 'totp_removed'
  | 'passkey_added'
  | 'passkey_removed'
  | 'recovery_codes_regenerated'
  | 'recovery_code_used'
  | 'factors_reset'
  | 'account_deleted'
  | 'browser_trusted'
  | 'sign_in_unlocked'

/** What a mail carries that asks for a confirmation: the link's secret and the six digits that stand in for it. */
export type TicketData = { ticket: string; code: string; minutes: number }

/** Each kind of mail and what its template is filled with. Addresses of pages are made at delivery, from the issuer. */
export type MailTemplate =
  | {
      template: 'security-notice'
      data: { what: SecurityNotice; at: Date; userAgent?: string | undefined; ip?: string | undefined }
    }
  /** Confirms the address of a new account. */
  | { template: 'register'; data: TicketData }
  /** Somebody wants to register with an address that has an account. */
  | { template: 'already-registered'; data: Record<string, never> }
  | { template: 'reset'; data: TicketData }
  /** Somebody asks for a new password for an address without a usable account. */
  | { template: 'no-account'; data: Record<string, never> }
  /** To the new address. */
  | { template: 'change-email'; data: TicketData }
  /** To the owner of an address that somebody else wants for their account. */
  | { template: 'address-taken'; data: Record<string, never> }
  | { template: 'invite'; data: { ticket: string; hours: number } }
  /** An operator wants the user to choose a new password. */
  | { template: 'reset-by-operator'; data: { ticket: string; hours: number } }
  | { template: 'unlock'; data: TicketData }

export type TemplateName = MailTemplate['template']

/**
 * Whose doing a mail is. Each counts by itself: what strangers ask for must not use up what tells the owner that their
 * password was changed, nor resets and registrations the way out of a wait that strangers caused (TH-03).
 */
type Cause = 'stranger' | 'unlock' | 'owner' | 'operator'

const causes: Record<TemplateName, Cause> = {
  'security-notice': 'owner',
  register: 'stranger',
  'already-registered': 'stranger',
  reset: 'stranger',
  'no-account': 'stranger',
  // Whoever has an account can name any address: that must not use up the notices of its owner.
  'change-email': 'stranger',
  'address-taken': 'stranger',
  invite: 'operator',
  'reset-by-operator': 'operator',
  unlock: 'unlock',
}

/** How many mails one address gets: in an hour, and in a day; and as many again of those that its owner asks for in a known browser. */
const limits: Record<Cause, { hour: number; day: number }> = {
  stranger: { hour: 5, day: 15 },
  unlock: { hour: 5, day: 30 },
  owner: { hour: 30, day: 100 },
  operator: { hour: 10, day: 30 },
}

const DAY_SECONDS = 24 * 3600

/** For how many seconds a mail is worth sending whose cause says nothing else. What was done to an account stays worth knowing for a week. */
export function lifetimeOf(template: TemplateName): number {
  return template === 'security-notice' ? 7 * DAY_SECONDS : 3 * DAY_SECONDS
}

/** The templates a mail is counted together with, and how many of them one address gets. */
export function limitOf(template: TemplateName): { together: TemplateName[]; hour: number; day: number } {
  const cause = causes[template]
  const together = (Object.keys(causes) as TemplateName[]).filter((name) => causes[name] === cause)
  return { together, ...limits[cause] }
}
