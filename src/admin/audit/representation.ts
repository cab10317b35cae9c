import { z } from 'zod'
import { instant } from '../frame/schema.ts'

const id = z.string()

/** An audit event: what it has not is left out, as it is when it is hashed. */
export const auditEventSchema = z
  .strictObject({
    id: id.meta({ description: 'Larger than those of most events before it.' }),
    at: instant.meta({ description: 'When the transaction began in which it happened.' }),
    type: z.string().meta({ description: 'One of the types listed in docs/operate.md.' }),
    user_id: id.optional().meta({ description: 'Whom it is about.' }),
    client_id: id.optional(),
    grant_id: id.optional(),
    session_id: id.optional(),
    ip: z.string().optional().meta({ description: 'Where the request came from.' }),
    actor: z
      .strictObject({
        via: z.string().meta({ description: 'admin_api, cli, client, user, system or security_tool.' }),
        client_id: id.optional(),
        user_id: id.optional(),
        token: z.string().optional().meta({ description: 'The handle of the access token.' }),
      })
      .optional()
      .meta({ description: 'Who did it.' }),
    request_id: z.string().optional().meta({ description: 'As in the log and in X-Request-Id.' }),
    detail: z.record(z.string(), z.unknown()),
    chain: z
      .strictObject({ position: z.string(), hash: z.string().meta({ description: 'Hexadecimal.' }) })
      .optional()
      .meta({ description: 'Its place in the hash chain, from a second or two after it happened.' }),
  })
  .meta({ id: 'AuditEvent' })

export const auditEventExample = {
  id: '4711',
  at: '2026-11-21T09:30:00.000Z',
  type: 'user.disabled',
  user_id: '019aa0f4-7d3b-7c1e-8f2a-5b6c7d8e9f01',
  ip: '192.0.2.10',
  actor: {
    via: 'admin_api',
    client_id: 'ops-console',
    user_id: '019aa0f4-1111-7c1e-8f2a-5b6c7d8e9f01',
    token: 'tok_2Wm0uL3pX1Jq8bqfC0x4o8z0c1m2b3n4v5c6x7z8a9s',
  },
  request_id: '0gNILIWari7r6PAF',
  detail: { reason: 'left the company' },
  chain: { position: '4698', hash: 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c' },
}

export const chainHeadSchema = z
  .strictObject({
    position: z.string().meta({ description: 'How many events the chain has.' }),
    hash: z.string().meta({ description: 'Stands for all of them. Hexadecimal.' }),
    checkpoint: z
      .strictObject({
        position: z.string(),
        hash: z.string(),
        at: instant,
      })
      .nullable()
      .meta({ description: 'The newest that is signed.' }),
  })
  .meta({ id: 'AuditChainHead' })

export const chainHeadExample = {
  position: '4698',
  hash: 'b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c',
  checkpoint: null,
}
