/**
 * Registers `<tlbstorm-explore protocol="flush-at-end" operation="munmap">`.
 *
 * ```html
 * <script type="module">import "tlbstorm/element";</script>
 * <tlbstorm-explore protocol="empty-table" operation="cow" devices="2"></tlbstorm-explore>
 * ```
 */
import { ExploreElement } from "./explore_element.js";

export { ExploreElement, type ExploreFinished } from "./explore_element.js";

declare global {
  interface HTMLElementTagNameMap {
    "tlbstorm-explore": ExploreElement;
  }
}

if (customElements.get("tlbstorm-explore") === undefined) {
  customElements.define("tlbstorm-explore", ExploreElement);
}
