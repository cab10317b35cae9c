import { html, type Html } from './html.ts'

/** Shows the orders that the API answered with; an answer of another shape is shown as text. */
export function ordersTable(body: string): Html {
  const orders = ordersIn(body)
  if (!orders) return html`<pre>${body}</pre>`
  return html`<table class="orders">
    <thead>
      <tr>
        <th scope="col">Order</th>
        <th scope="col">Item</th>
        <th scope="col">Qty</th>
        <th scope="col">Status</th>
      </tr>
    </thead>
    <tbody>
      ${orders.map(
        (order) =>
          html`<tr>
            ${['id', 'item', 'quantity', 'status'].map((name) => html`<td>${cell(order[name])}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`
}

function ordersIn(body: string): Record<string, unknown>[] | undefined {
  try {
    const answer: unknown = JSON.parse(body)
    if (!isObject(answer) || !Array.isArray(answer['orders'])) return undefined
    return answer['orders'].filter(isObject)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function cell(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
