import { describe, expect, test } from '@jest/globals'
import type { ListedEvent } from '../../../src/audit/index.ts'
import { EVENTS_SUPPORTED } from '../../../src/signals/event-types.ts'
import { signalsOf } from '../../../src/signals/signals-of.ts'

const byAdmin = { actor: { via: 'admin_api', client_id: 'x' } }
const byUser = { actor: { via: 'user', user_id: 'ada' } }

function event(type: string, rest: Partial<ListedEvent> = {}): ListedEvent {
  return { id: '7', at: '2026-11-21T10:00:00.900Z', type, user_id: 'ada', detail: {}, ...rest }
}

const short = (one: ListedEvent) =>
  signalsOf(one).map(({ type, body }) => [
    type.split('/').at(-1),
    ...[body['credential_type'], body['change_type'], body['initiating_entity']].filter(Boolean),
  ])

describe('what an event of the audit means (CAEP 1.0 §3, RISC 1.0 §2)', () => {
  test.each<[string, Partial<ListedEvent>, unknown[][]]>([
    ['session.ended', { session_id: 's', ...byUser }, [['session-revoked', 'user']]],
    ['session.ended', { session_id: 's', detail: { revocation_id: 'r' } }, []],
    [
      'access.revoked',
      { ...byAdmin, detail: { selector: { user_id: 'ada' } } },
      [['session-revoked', 'admin']],
    ],
    ['access.revoked', { detail: { selector: { session_id: 's' } } }, [['session-revoked', 'system']]],
    ['access.revoked', { detail: { selector: { user_id: 'ada', client_id: 'shop' } } }, []],
    ['access.revoked', { detail: { selector: { client_id: 'shop' } } }, []],
    [
      'access.revoked',
      { actor: { via: 'security_tool' }, detail: { selector: { user_id: 'ada' } } },
      [['session-revoked', 'policy']],
    ],
    ['user.password_changed', byUser, [['credential-change', 'password', 'update', 'user']]],
    ['factor.totp_added', byUser, [['credential-change', 'app', 'create', 'user']]],
    [
      'factor.totp_removed',
      { ...byUser, detail: { device: 'd' } },
      [['credential-change', 'app', 'delete', 'user']],
    ],
    [
      'factor.totp_removed',
      byAdmin,
      [['credential-change', 'app', 'revoke', 'admin'], ['account-credential-change-required']],
    ],
    [
      'factor.passkey_added',
      { ...byUser, detail: { kinds: ['roaming'] } },
      [['credential-change', 'fido2-roaming', 'create', 'user']],
    ],
    [
      'factor.passkey_added',
      { ...byUser, detail: { deviceType: 'multi_device' } },
      [['credential-change', 'fido2-platform', 'create', 'user']],
    ],
    [
      'factor.passkey_removed',
      { ...byAdmin, detail: { count: 3, kinds: ['platform', 'roaming'] } },
      [
        ['credential-change', 'fido2-platform', 'revoke', 'admin'],
        ['credential-change', 'fido2-roaming', 'revoke', 'admin'],
        ['account-credential-change-required'],
      ],
    ],
    ['factor.recovery_codes_generated', {}, [['recovery-information-changed']]],
    ['sign_in.recovery_code_used', {}, [['recovery-activated']]],
    ['user.password_reset_started', byUser, [['recovery-activated']]],
    ['user.password_reset_started', byAdmin, [['account-credential-change-required']]],
    ['user.updated', { ...byUser, detail: { fields: ['name'] } }, [['token-claims-change', 'user']]],
    ['user.updated', { ...byUser, detail: { fields: ['locale', 'role'] } }, []],
    [
      'user.updated',
      { ...byAdmin, detail: { fields: ['email', 'emailVerified'] } },
      [['token-claims-change', 'admin'], ['recovery-information-changed']],
    ],
    ['user.disabled', byAdmin, [['account-disabled']]],
    ['user.enabled', byAdmin, [['account-enabled']]],
    ['user.deleted', byAdmin, [['account-purged']]],
    [
      'session.started',
      { session_id: 's', ...byUser, detail: { acr: 'a', amr: ['pwd'] } },
      [['session-established', 'user']],
    ],
    ['sign_in.password_failed', {}, []],
    ['client.created', {}, []],
  ])('%s %j', (type, rest, meant) => {
    expect(short(event(type, rest))).toEqual(meant)
  })

  test('every event of CAEP says when, by whom and, in a sentence, why (Interoperability Profile §3)', () => {
    const told = [
      ...signalsOf(event('user.password_changed', byUser)),
      ...signalsOf(event('session.ended', { session_id: 's' })),
    ]
    for (const { body } of told)
      expect(body).toMatchObject({
        event_timestamp: 1_795_255_200,
        initiating_entity: 'user',
        reason_admin: { en: expect.stringMatching(/\w{3,}/) as unknown },
      })
    expect(told).toHaveLength(2)
  })

  test('a passkey’s model is told where it is known (CAEP 1.0 §3.3.1)', () => {
    const aaguid = 'adce0002-35bc-c60a-648b-0b25f1f05503'
    const [signal] = signalsOf(event('factor.passkey_added', { detail: { aaguid, kinds: ['platform'] } }))
    expect(signal?.body['fido2_aaguid']).toBe(aaguid)
  })

  test('nothing is made that is not offered', () => {
    expect(EVENTS_SUPPORTED).toHaveLength(11)
    const made = ['user.disabled', 'user.enabled', 'user.deleted', 'user.password_changed'].flatMap((type) =>
      signalsOf(event(type)).map((signal) => signal.type),
    )
    for (const type of made) expect(EVENTS_SUPPORTED).toContain(type)
  })
})
