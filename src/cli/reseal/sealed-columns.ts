/** Where sealed texts lie. Each is sealed for `<table>:<key>`, so that it opens in no other row. Keys are UUIDs unless `type` says otherwise. */
export type SealedColumn = { table: string; key: string; column: string; type?: 'text' | 'uuid' }

/** What lasts: it needs the key it was sealed under until it is sealed anew. */
export const sealedColumns: readonly SealedColumn[] = [
  { table: 'signing_keys', key: 'kid', column: 'sealed_private', type: 'text' },
  { table: 'totp_credentials', key: 'id', column: 'sealed_seed' },
  { table: 'webhook_endpoints', key: 'id', column: 'sealed_secrets' },
  { table: 'ssf_streams', key: 'id', column: 'sealed_authorization' },
  { table: 'mail_tickets', key: 'id', column: 'sealed_detail' },
  { table: 'mails', key: 'id', column: 'sealed_data' },
]

/** What is gone within a day whatever is done with it: answers kept to be repeated. */
export const shortLived = ['idempotency_keys.sealed_answer']
