import type { ReactNode } from 'react';
import { Component } from 'react';
import { Failure } from '../parts/Failure';

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
    return <Failure error={this.state.failure} onRetry={() => this.setState({ failure: null })} kept={false} />;
  }
}
