import type { Config } from '../config/index.ts'
import type { Database } from '../db/index.ts'
import { isRotationOverdue, keyAges } from '../oidc/index.ts'
import type { Finding } from './finding.ts'

const DAY = 86_400

/** How long the signing keys still sign, and whether anybody sees to the next ones. Nothing before there are any. Needs a schema that is up to date. */
export async function examineRotation(
  { prisma }: Pick<Database, 'prisma'>,
  { signingKeys: { rotationDays } }: Pick<Config, 'signingKeys'>,
): Promise<Finding[]> {
  const what = 'key rotation'
  const everySeconds = rotationDays * DAY
  const ages = await keyAges(prisma, everySeconds)
  if (ages.length === 0) return []
  if (rotationDays === 0) return [{ what, ok: true, said: 'left to operators (CARDEA_KEY_ROTATION_DAYS=0)' }]
  const said = ages.map(({ alg, announced, dueInSeconds }) => {
    const days = (dueInSeconds ?? 0) / DAY
    const when = days >= 0 ? `${Math.floor(days)} days left` : `${Math.floor(-days)} days overdue`
    return `${alg} ${when}${announced ? ', its successor is announced' : ''}`
  })
  return [
    ages.some((age) => isRotationOverdue(age, everySeconds))
      ? {
          ...{ what, ok: false, said: `stopped: ${said.join('; ')}` },
          remedy:
            'Does a server with CARDEA_JOBS=true run, or `cardea worker`? Then its log says why `keys.rotate` fails.',
        }
      : { what, ok: true, said: said.join('; ') },
  ]
}
