"""Planning: history, forecast, staffing, roster, adherence."""
