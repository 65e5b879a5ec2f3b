import type { ReactElement, ReactNode } from 'react';
import { Component } from 'react';
import { Failure } from '../parts/Failure';
import { useWords } from '../words/catalogue';
import { shared } from '../words/shared';

type Props = { children: ReactNode; at: string };
type State = { failure: unknown };

/** A screen that breaks breaks alone: the shell stays, and says what to do. */
export class Boundary extends Component<Props, State> {
  override state: State = { failure: null };

  static getDerivedStateFromError(failure: unknown): State {
    return { failure };
  }

  override componentDidUpdate(before: Props): void {
    if (before.at !== this.props.at && this.state.failure !== null) this.setState({ failure: null });
  }

  override render(): ReactNode {
    if (this.state.failure === null) return this.props.children;
    return <Broken failure={this.state.failure} onRetry={() => this.setState({ failure: null })} />;
  }
}

/** A part of the page that did not come over the network is not asked for again but by loading the page anew. */
function Broken({ failure, onRetry }: { failure: unknown; onRetry: () => void }): ReactElement {
  const t = useWords(shared);
  const lost = failure instanceof TypeError && failure.message.includes('dynamically imported');
  const again = lost ? () => window.location.reload() : onRetry;
  return (
    <>
      <h1>{lost ? t.unreachable : t.broken}</h1>
      <Failure error={failure} onRetry={again} kept={false} />
    </>
  );
}
