import { useMutation } from '@tanstack/react-query';
import type { ReactElement, SubmitEvent } from 'react';
import { useId, useState } from 'react';
import { Link } from 'react-router';
import paths from '../../../paths.json';
import { useMay } from '../../app/session';
import { api, type Schemas, told } from '../../contract/client';
import { Button } from '../../parts/Button';
import { Failure } from '../../parts/Failure';
import { Skeleton } from '../../parts/ListState';
import { Level } from '../../parts/small';
import { useWords } from '../../words/catalogue';
import '../../parts/chips.css';
import './households.css';
import { aside } from '../../words/marks';
import { Lead } from './lead';
import { isCategory, words } from './words';

type Found = Schemas['FoundHouseholds'];
type LevelOf = Parameters<typeof Level>[0]['level'];

/** S6 家庭档案: find a household by what one knows of it; who is in no list can be registered. */
export default function Households(): ReactElement {
  const t = useWords(words);
  const id = useId();
  const [text, setText] = useState('');
  const [leading, setLeading] = useState(false);
  const seek = useMutation<Found, unknown, string>({
    mutationFn: (sought) => told(api.POST('/api/v1/households/search', { body: { text: sought } })),
  });
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    // Enter that ends a composition of the input method is not a wish to search.
    if (text.trim() !== '') seek.mutate(text.trim());
  };
  return (
    <div className="households">
      <h1>{t.title}</h1>
      <form onSubmit={send} className="seek">
        <label htmlFor={id}>{t.sought}</label>
        <div className="seek-line">
          <input
            type="text"
            className="text-in"
            id={id}
            value={text}
            maxLength={64}
            autoComplete="off"
            onChange={(event) => setText(event.target.value)}
          />
          <Button type="primary" htmlType="submit" loading={seek.isPending}>
            {t.find}
          </Button>
        </div>
        <p className="quiet">{t.hint}</p>
      </form>
      {seek.isPending ? <Skeleton lines={3} /> : null}
      {seek.error === null ? null : <Failure error={seek.error} onRetry={() => seek.mutate(text.trim())} />}
      {seek.data === undefined ? null : <Results found={seek.data} />}
      <Registering wanted={leading} onWant={setLeading} nobody={seek.data?.items.length === 0} />
    </div>
  );
}

function Results({ found }: { found: Found }): ReactElement {
  const t = useWords(words);
  if (found.items.length === 0) {
    return (
      <p role="status" className="list-nothing">
        {t.nobody}
      </p>
    );
  }
  return (
    <section aria-label={t.results}>
      <h2>{t.results + aside(found.items.length)}</h2>
      <ul className="found">
        {found.items.map((one) => (
          <li key={one.household_no}>
            <Link to={paths.household.replace(':no', one.household_no)}>
              <strong>{one.name}</strong> {one.household_no}
            </Link>{' '}
            {one.alert === null ? null : <Level level={one.alert.level as LevelOf} />}
            <p className="quiet">
              {one.region_name} · {t.people(one.members)}
              {isCategory(one.category) ? ` · ${t[one.category]}` : ''}
              {one.registered ? '' : ` · ${t.gone}`}
              {one.alert === null ? '' : ` · ${t.openAlert}`}
            </p>
          </li>
        ))}
      </ul>
      {found.more ? <p role="status">{t.more}</p> : null}
    </section>
  );
}

type RegisteringProps = { wanted: boolean; onWant: (wanted: boolean) => void; nobody: boolean };

function Registering({ wanted, onWant, nobody }: RegisteringProps): ReactElement | null {
  const t = useWords(words);
  const may = useMay();
  if (!may('lead.register')) return null;
  if (wanted) return <Lead onClose={() => onWant(false)} />;
  return (
    <Button type={nobody ? 'primary' : 'default'} onClick={() => onWant(true)}>
      {t.register}
    </Button>
  );
}
