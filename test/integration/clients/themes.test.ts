import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createWardrobe, EVERYBODY, saveTheme } from '../../../src/clients/index.ts'
import { openRoom } from '../users/room.ts'
import type { Room } from '../users/room.ts'

let room: Room
beforeAll(async () => {
  room = await openRoom()
  const last = JSON.stringify({ name: 'The last one', colours: { light: { accent: '#1f4e79' } } })
  await room.database.prisma.$executeRaw`
    INSERT INTO themes (client_id, settings, updated_at)
    SELECT 'many' || lpad(n::text, 5, '0'), '{"radius": 4}'::jsonb, now() FROM generate_series(1, 2500) AS n
    UNION ALL SELECT 'zz-last', ${last}::jsonb, now()`
})
afterAll(() => room.close())

const accented = { light: { surface: '#101010', background: '#000000', text: '#ffffff', accent: '#93c5fd' } }

test('colours for everybody are judged with the theme of every client, however many have one', async () => {
  const saved = await room.database.transaction((tx) => saveTheme(tx, EVERYBODY, { colours: accented }))
  expect(saved).toMatchObject({ ok: false, reason: 'contrast' })
  if (!saved.ok && saved.reason === 'contrast')
    expect(new Set(saved.faults.map(({ clientId }) => clientId))).toEqual(new Set(['zz-last']))
})

test('pages of every client wear its theme, however many have one, and a changed one from the next look on', async () => {
  const { prisma } = room.database
  const wardrobe = createWardrobe(prisma, { freshMs: 0 })
  const named = async (name: string) => {
    const until = Date.now() + 10_000
    while (wardrobe.dressFor('zz-last').name !== name && Date.now() < until) await wardrobe.refresh()
    return wardrobe.dressFor('zz-last').name
  }
  expect(await named('The last one')).toBe('The last one')
  await prisma.theme.update({ where: { clientId: 'zz-last' }, data: { settings: { name: 'Changed' } } })
  expect(await named('Changed')).toBe('Changed')
})
