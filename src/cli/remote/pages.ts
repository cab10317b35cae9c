import type { Terminal } from '../terminal.ts'
import type { Api, ApiRequest } from './api.ts'
import { show, tableOf } from './show.ts'

type Page = { items: unknown[]; next_cursor: string | null }
type Options = { json?: true; all?: true; limit?: number; cursor?: string }

/** Prints a page of a list, or with `--all` every page as one. */
export async function listPages(
  terminal: Terminal,
  api: Api,
  request: ApiRequest,
  fields: readonly string[],
  { json, all, limit, cursor }: Options,
): Promise<void> {
  const size = limit ?? (all ? 200 : undefined)
  const query = { ...request.query, ...(size !== undefined && { limit: String(size) }) }
  const ask = async (from: string | undefined): Promise<Page> =>
    (await api.ask({ ...request, query: { ...query, ...(from !== undefined && { cursor: from }) } }))
      .body as Page
  let page = await ask(cursor)
  const items = [...page.items]
  while (all && page.next_cursor !== null) {
    page = await ask(page.next_cursor)
    items.push(...page.items)
  }
  const { next_cursor } = page
  show(terminal, json, { items, next_cursor }, () => [
    ...tableOf(items, fields),
    ...(next_cursor === null ? [] : [`There is more: --all, or --cursor ${next_cursor}`]),
  ])
}
