import type { Field } from '../verb.ts'

/** Filters that several lists have. */
export const ofUser: Field = {
  flags: '--user <email-or-id>',
  about: "this user's",
  name: 'user_id',
  kind: 'user',
}
export const ofClient: Field = { flags: '--client <client_id>', about: "this client's", name: 'client_id' }
export const ofGrant: Field = { flags: '--grant <grant_id>', about: "this grant's", name: 'grant_id' }
