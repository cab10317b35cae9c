import { toBase32 } from './base32.ts'
import { checkDraft } from './draft.ts'
import { fieldsOf, joined, listOf, numberIn } from './fields.ts'
import type { ImportFormat } from './imported-user.ts'

type Device = { secret: string; name: unknown } | undefined

/**
 * Users of `manage.py dumpdata auth.user` or of a model of one's own that ends in `user`, with authenticators of django-otp where
 * `otp_totp.totpdevice` was dumped too; devices of other kinds are second factors that stay behind. Records of other models are passed
 * over. Django knows no verified addresses.
 */
export function django(): ImportFormat {
  // Only those who have one: some hundred bytes each.
  const devices = new Map<string, Device[]>()
  return {
    gather(record) {
      const row = fieldsOf(record)
      const fields = fieldsOf(row?.['fields'])
      const model = String(row?.['model'])
      if (!/^(otp_\w+|two_factor)\.\w+device$/i.test(model) || fields?.['confirmed'] !== true) return
      const owner = keyOf(fields['user'])
      devices.set(owner, [
        ...(devices.get(owner) ?? []),
        model === 'otp_totp.totpdevice' ? totpOf(fields) : undefined,
      ])
    },
    read(record) {
      const row = fieldsOf(record)
      const fields = fieldsOf(row?.['fields'])
      if (!row || !fields) return { ok: false, reason: 'not_a_user', email: null }
      if (!/\.[a-z]*user$/i.test(String(row['model']))) return null
      const username = fields['username']
      const hash = fields['password']
      const known = [keyOf(row['pk']), keyOf([username]), keyOf([fields['email']])]
      return checkDraft({
        email: fields['email'] || (typeof username === 'string' && username.includes('@') ? username : null),
        name: joined(fields['first_name'], fields['last_name']) ?? fields['name'],
        disabled: fields['is_active'] === false,
        id: typeof row['pk'] === 'string' ? row['pk'] : undefined,
        // "!" begins the password of somebody who can have none.
        passwordHash: typeof hash === 'string' && hash !== '' && !hash.startsWith('!') ? hash : null,
        totp: known.flatMap((key) => devices.get(key) ?? []),
        hasRole: fields['is_superuser'] === true || fields['is_staff'] === true,
      })
    },
  }
}

function totpOf(fields: Record<string, unknown>): Device {
  const key = fields['key']
  const isOurs =
    numberIn(fields['digits'] ?? 6) === 6 &&
    numberIn(fields['step'] ?? 30) === 30 &&
    numberIn(fields['t0'] ?? 0) === 0
  if (!isOurs || typeof key !== 'string' || !/^([0-9a-f]{2})+$/i.test(key)) return undefined
  return { secret: toBase32(Buffer.from(key, 'hex')), name: fields['name'] }
}

/** What a device calls its user by: the primary key, or with natural keys a list of one name. */
function keyOf(user: unknown): string {
  const [name] = listOf(user)
  return JSON.stringify(name === undefined ? ['pk', user] : ['name', name])
}
