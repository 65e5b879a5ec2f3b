"""What watches the watch: dashboards, rules, alerts and what to do about each."""
