import { record } from '../../audit/index.ts'
import type { Act, Show } from './frame.ts'
import { show } from './show.ts'
import { byVisitor, changeAs } from './visitor.ts'
import { everythingAbout } from './everything.ts'

export const showData: Show = (deps, ctx, visitor) => {
  show(deps, ctx, visitor, 'account/data', {})
  return Promise.resolve()
}

/** Everything there is about somebody, as a file of theirs (GDPR articles 15 and 20). */
export const downloadData: Act = async (deps, ctx, visitor) => {
  const everything = await everythingAbout(deps, visitor)
  const event = { type: 'user.data_downloaded' as const, userId: visitor.user.id, ...byVisitor(ctx, visitor) }
  await changeAs(deps, visitor, (tx) => record(tx, event))
  ctx.attachment('account.json')
  ctx.type = 'application/json'
  ctx.body = `${JSON.stringify(everything, null, 2)}\n`
}
