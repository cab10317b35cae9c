import type { Sealer } from '../crypto/index.ts'
import { SealBroken } from '../crypto/index.ts'

type Opened = { ok: true; data: unknown } | { ok: false; reason: SealBroken['reason'] }

/** What the template of the mail `id` is filled with; or why it cannot be read: its key is not here, or somebody tampered with it. */
export function openContent(sealer: Sealer, id: string, sealed: string): Opened {
  try {
    const data = JSON.parse(sealer.open(sealed, `mails:${id}`)) as Record<string, unknown>
    return { ok: true, data: typeof data['at'] === 'string' ? { ...data, at: new Date(data['at']) } : data }
  } catch (error) {
    if (error instanceof SealBroken) return { ok: false, reason: error.reason }
    throw error
  }
}
