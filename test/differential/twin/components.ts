/**
 * Strongly connected components of a graph of numbered nodes: Tarjan's algorithm without recursion.
 */
export function components(
  nodes: readonly number[],
  successors: (node: number) => readonly number[],
): number[][] {
  const order = new Map<number, number>();
  const low = new Map<number, number>();
  const open = new Set<number>();
  const stack: number[] = [];
  const result: number[][] = [];
  for (const root of nodes) {
    if (order.has(root)) continue;
    const calls = [{ node: root, next: 0 }];
    while (calls.length > 0) {
      const call = calls.at(-1)!;
      const { node } = call;
      if (call.next === 0 && !order.has(node)) {
        order.set(node, order.size);
        low.set(node, order.get(node)!);
        stack.push(node);
        open.add(node);
      }
      const edges = successors(node);
      if (call.next < edges.length) {
        const target = edges[call.next++]!;
        if (!order.has(target)) calls.push({ node: target, next: 0 });
        else if (open.has(target)) low.set(node, Math.min(low.get(node)!, order.get(target)!));
        continue;
      }
      calls.pop();
      const parent = calls.at(-1);
      if (parent) low.set(parent.node, Math.min(low.get(parent.node)!, low.get(node)!));
      if (low.get(node) === order.get(node)) result.push(popComponent(stack, open, node));
    }
  }
  return result;
}

function popComponent(stack: number[], open: Set<number>, root: number): number[] {
  const component: number[] = [];
  for (;;) {
    const node = stack.pop()!;
    open.delete(node);
    component.push(node);
    if (node === root) return component;
  }
}
