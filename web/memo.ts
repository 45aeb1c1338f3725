/** Components that are not shown again while their properties are the same. */
import { Component, type ComponentType, h, type VNode } from "preact";

/** A message list has hundreds of lines, of which a change concerns one. */
export function memo<P extends object>(component: ComponentType<P>): ComponentType<P> {
  return class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      return differ(this.props, next);
    }

    override render(props: P): VNode {
      return h(component as ComponentType<object>, props);
    }
  };
}

function differ(a: object, b: object): boolean {
  const [one, other] = [a, b] as Record<string, unknown>[];
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].some((name) => one![name] !== other![name]);
}
